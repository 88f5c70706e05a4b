"""Controls for thresholds, drawn from their descriptions: a number, a switch or a choice."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rebracket_core.settings import Thresholds
from rebracket_core.thresholds import OFFERED, ThresholdInfo, Value


def threshold_inputs(limits: Thresholds, *, key: str, suffix: str, slider: bool = False, **more: Any) -> dict[str, Value]:
    """Draw a control for every threshold that pages offer, set to `limits`; the values that were changed, by name.

    Args:
        limits: what the controls begin with.
        key: the beginning of each control's key, with its dot; the threshold's name follows.
        suffix: the end of each control's key.
        slider: draw sliders instead of number fields.
        more: what is handed to every control, such as `bind` or `persist_state`.
    """
    with st.grid(4, min_column_width=220):
        chosen = {
            info.name: _control(info, getattr(limits, info.name), key=f"{key}{info.name}.{suffix}", slider=slider, **more)
            for info in OFFERED
        }
    return {name: value for name, value in chosen.items() if value != _begin(getattr(limits, name))}


def _begin(value: Value) -> Value:
    """The value as its control shows it: a number of two digits."""
    return value if isinstance(value, (bool, str)) else round(float(value), 2)


def _control(info: ThresholdInfo, value: Value, *, key: str, slider: bool, **more: Any) -> Value:
    if info.choices:
        chosen = st.selectbox(info.label, info.choices, index=info.choices.index(str(value)), key=key, help=info.help, **more)
        return str(chosen or value)
    if info.is_switch:
        return bool(st.toggle(info.label, bool(value), key=key, help=info.help, **more))
    begin = float(_begin(value))
    if slider:
        return float(st.slider(info.label, info.low, info.high, begin, info.step, key=key, help=info.help, **more))
    number = st.number_input(info.label, info.low, info.high, begin, info.step, key=key, help=info.help, **more)
    return begin if number is None else float(number)
