"""Figures on a page: the plot, a sentence saying how to read it, and its words for a screen reader."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "zoom2d", "pan2d", "autoScale2d"],
    "displayModeBar": False,
    "scrollZoom": False,
}


# Streamlit swaps this placeholder for the text colour of the theme in the browser, light or dark, and on every toggle.
_INK = "#000037"


def show(figure: go.Figure, *, key: str, pressed: bool = False) -> Any:
    """Draw a figure of `rebracket_core.charts` with its reading sentence below; with `pressed`, gives what was pressed."""
    meta = figure.layout.meta or {}
    figure.update_layout(font={"color": _INK})
    figure.update_xaxes(tickfont={"color": _INK}, title={"font": {"color": _INK}})
    figure.update_yaxes(tickfont={"color": _INK}, title={"font": {"color": _INK}})
    event: Any
    if pressed:
        event = st.plotly_chart(
            figure, key=key, alt=meta.get("alt"), config=_CONFIG, on_select="rerun", selection_mode="points"
        )
    else:
        event = st.plotly_chart(figure, key=key, alt=meta.get("alt"), config=_CONFIG)
    st.caption(meta.get("reading", ""))
    return event
