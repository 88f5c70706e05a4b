"""Numbers and axes as sentences write them."""

from __future__ import annotations

from collections.abc import Iterable

from rebracket_core.validation.states import AxisState, State


def number(value: float, *, beside: float | None = None) -> str:
    """A share as it is written in a sentence: two digits, three where two would round much away.

    Beside another number that it is compared with, as many digits (at most six) as it takes to tell the two apart.
    """
    digits = 2 if abs(round(value, 2) - value) < 5e-4 else 3
    if beside is not None and value != beside:
        while digits < 6 and round(value, digits) == round(beside, digits):
            digits += 1
    return f"{value:.{digits}f}"


def axis_words(state: AxisState) -> str:
    """The state of an axis as a clause: "temporal stands on past (0.90)"."""
    if state.state is State.DIFFUSE:
        return f"{state.axis} is diffuse (its highest is {state.argmax_mode} at {number(state.top)})"
    if state.state is State.HYBRID:
        return f"{state.axis} hovers between {' and '.join(state.modes)} (gap {number(state.margin)})"
    word = "stands on" if state.state is State.DOMINANT else "leans to"
    return f"{state.axis} {word} {state.argmax_mode} ({number(state.top)})"


def axes_words(states: Iterable[AxisState]) -> str:
    """The states of several axes as clauses."""
    return "; ".join(map(axis_words, states))
