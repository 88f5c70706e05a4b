"""A form that is made of options: each is drawn as its own description says, grouped by section, the basic ones in sight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from rebracket_core.options import Option

_WIDTH = 320
_FEW = 5


def ask(option: Option, value: Any, *, prefix: str) -> Any:
    """Draw one option as it stands and return what was chosen: a switch, a number, a choice, words or a word."""
    key, choices = f"{prefix}.{option.name}", option.choices
    labels = {choice.name: choice.label for choice in choices}
    chosen: Any
    if option.kind == "words" and choices:
        chosen = st.pills(
            option.label, list(labels), selection_mode="multi", default=list(value), format_func=labels.__getitem__, key=key
        )
        st.caption(_meaning(option))
        return chosen
    if choices and len(choices) <= _FEW and any(choice.help for choice in choices):
        chosen = st.radio(
            option.label,
            list(labels),
            index=list(labels).index(value),
            format_func=labels.__getitem__,
            captions=[choice.help for choice in choices],
            key=key,
        )
    elif choices:
        chosen = st.selectbox(
            option.label, list(labels), index=list(labels).index(value), format_func=labels.__getitem__, key=key, width=_WIDTH
        )
    elif option.kind == "bool":
        chosen = st.toggle(option.label, value=value, key=key)
    elif option.kind in ("int", "float"):
        chosen = _number(option, value, key=key)
    else:
        chosen = st.text_input(option.label, value=", ".join(value) if option.kind == "words" else value, key=key, width=_WIDTH)
    st.caption(_meaning(option) if option.suggestions else option.help)
    return chosen


def ask_all(options: Mapping[str, Option], values: Mapping[str, Any], *, prefix: str, chosen: dict[str, Any]) -> None:
    """Draw those of the options that count beside what was chosen so far, and add what is chosen to it."""
    for name, option in options.items():
        if option.counts({**values, **chosen}):
            chosen[name] = ask(option, option.parse(values[name]), prefix=prefix)


def _meaning(option: Option) -> str:
    if known := option.suggestions:
        return "\n".join([option.help, "", *(f"- {_code(choice.name)}: {choice.help}" for choice in known)])
    parts = "; ".join(f"{choice.label}: {choice.help}" for choice in option.choices if choice.help)
    return f"{option.help} {parts}." if parts else option.help


def _code(name: str) -> str:
    return f"`{name.replace('`', '')}`"


def _number(option: Option, value: Any, *, key: str) -> Any:
    kind = int if option.kind == "int" else float
    low, high, step = (kind(n) if n is not None else None for n in (option.low, option.high, option.step))
    fine = _format(step) if isinstance(step, float) else None
    return st.number_input(
        option.label, value=value, min_value=low, max_value=high, step=step, format=fine, key=key, width=_WIDTH
    )


def _format(step: float) -> str | None:
    """How a number of such steps is written, where two digits after the point would hide some; None where they do."""
    return "%.6f" if step < 1e-3 else "%.3f" if round(step, 2) != step else None
