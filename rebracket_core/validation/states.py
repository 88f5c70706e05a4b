"""The state of an axis: diffuse, dominant, hybrid or leaning (DOMAIN 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.settings import Thresholds

# Two numbers closer than this are the same number: a score written as 0.55 - 0.40 must count as a gap of 0.15.
EPSILON = 1e-9
# What three shares may miss in their sum; scores arrive rounded to six digits or as float32.
SUM_TOLERANCE = 1e-3


class State(StrEnum):
    """What the three scores of an axis say together."""

    DIFFUSE = "diffuse"
    DOMINANT = "dominant"
    HYBRID = "hybrid"
    LEANING = "leaning"


@dataclass(frozen=True, slots=True)
class AxisState:
    """The state of one axis.

    `modes` names what the axis stands on: the top mode, both modes of a hybrid in the table's order, nothing where it
    is diffuse. `argmax_mode` is the mode with the highest score in every state (the first of the table where two are equal),
    `top` its score and `margin` how far it is above the second.
    """

    axis: str
    state: State
    modes: tuple[str, ...]
    top: float
    margin: float
    argmax_mode: str

    @property
    def label(self) -> str:
        """The axis in a mode name: "past", "past+present" for a hybrid, "diffuse"."""
        return "+".join(self.modes) or State.DIFFUSE.value


def check_triple(axis: str, scores: Sequence[float]) -> tuple[float, float, float]:
    """The three scores as Python floats; InputError unless they are shares between 0 and 1 that sum to 1."""
    if len(scores) == 3:
        a, b, c = float(scores[0]), float(scores[1]), float(scores[2])
        if a >= -EPSILON and b >= -EPSILON and c >= -EPSILON and abs(a + b + c - 1.0) <= SUM_TOLERANCE:
            return a, b, c
    modes = ", ".join(MODES[axis]) if axis in MODES else "its modes"
    raise InputError(
        f"The scores of the axis '{axis}' are no distribution.",
        expected=f"three shares ({modes}) that sum to 1",
        found=repr([float(score) for score in scores]),
        hint="pass the softmax scores of the axis head",
    )


def axis_state(axis: str, scores: Sequence[float], *, thresholds: Thresholds) -> AxisState:
    """The state of an axis from its three scores, by the first rule that holds.

    Diffuse where highest - lowest < thresholds.diffuse; dominant where the highest >= thresholds.dominant; hybrid where
    the margin over the second <= thresholds.hybrid; else leaning. Raises InputError for an unknown axis or for scores
    that are no distribution.
    """
    if axis not in MODES:
        raise InputError(
            "There is no such axis.", expected=f"one of {', '.join(AXIS_NAMES)}", found=repr(axis), hint="check the spelling"
        )
    return state_of_triple(axis, check_triple(axis, scores), thresholds=thresholds)


def state_of_triple(axis: str, values: tuple[float, float, float], *, thresholds: Thresholds) -> AxisState:
    """The state of an axis from scores that were checked before; see `axis_state`."""
    names = MODES[axis]
    ranked = sorted(values, reverse=True)
    top, second, low = ranked
    first = values.index(top)
    mode, margin = names[first], top - second
    if top - low < thresholds.diffuse - EPSILON:
        return AxisState(axis, State.DIFFUSE, (), top, margin, mode)
    if top >= thresholds.dominant - EPSILON:
        return AxisState(axis, State.DOMINANT, (mode,), top, margin, mode)
    if margin <= thresholds.hybrid + EPSILON:
        other = next(i for i in range(3) if i != first and values[i] == second)
        both = (mode, names[other]) if first < other else (names[other], mode)
        return AxisState(axis, State.HYBRID, both, top, margin, mode)
    return AxisState(axis, State.LEANING, (mode,), top, margin, mode)


def read_state(axis: str, shares: Mapping[str, float], state: Mapping[str, Any]) -> AxisState:
    """The state that a verdict carries for an axis, with its shares by mode; nothing is decided anew."""
    ranked = sorted(shares.values(), reverse=True)
    argmax_mode = max(shares, key=lambda mode: shares[mode])
    return AxisState(
        axis, State(state["state"]), tuple(state.get("modes") or ()), ranked[0], ranked[0] - ranked[1], argmax_mode
    )


def axis_states(scores: Sequence[Sequence[float]], *, thresholds: Thresholds) -> tuple[AxisState, ...]:
    """The three states of one text, in the order of the axes. `scores` is (3 axes, 3 modes)."""
    return tuple(axis_state(axis, row, thresholds=thresholds) for axis, row in zip(AXIS_NAMES, scores, strict=True))


def mode_name(states: Sequence[AxisState]) -> str:
    """The mode of a text, such as "past_thing_known", "past+present_thing_known" or "past_diffuse_known"."""
    return "_".join(state.label for state in states)


def agrees(state: AxisState, modes: frozenset[str]) -> bool:
    """Whether an axis agrees with an album that has `modes` there (DOMAIN 4).

    With modes: the top mode is one of them and the axis is not diffuse. Without: the axis is not dominant.
    """
    if modes:
        return state.state is not State.DIFFUSE and state.argmax_mode in modes
    return state.state is not State.DOMINANT


def contradicts(state: AxisState, modes: frozenset[str]) -> bool:
    """Whether an axis contradicts an album that has `modes` there: it is dominant on a mode that is none of them."""
    return state.state is State.DOMINANT and state.argmax_mode not in modes


def fits(state: AxisState, modes: frozenset[str]) -> bool:
    """Whether an axis agrees with an album without hovering: it is no hybrid, except of the album's own two modes."""
    return agrees(state, modes) and (state.state is not State.HYBRID or frozenset(state.modes) == modes)
