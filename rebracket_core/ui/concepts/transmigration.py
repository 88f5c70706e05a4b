"""Transmigration on a page: the way of a concept to an album, step by step, on the three triangles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.charts import path_ternary
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.settings import Thresholds
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.validation.transmigration import axis_distances, path, vertex


def show_path(verdict: Mapping[str, Any], *, key: str) -> None:
    """Draw the choice of an album and the concept's path to it: three triangles and a table of steps."""
    st.subheader("The way to an album", anchor=False)
    away = sorted(ALBUM_NAMES, key=lambda name: float(verdict["distances"][name]))
    start = next((name for name in away if name != verdict["album"]), away[0])
    album = (
        st.selectbox(
            "To",
            away,
            index=away.index(start),
            key=f"{key}.album",
            width=260,
            format_func=lambda name: f"{name}, {float(verdict['distances'][name]):.2f} away",
        )
        or start
    )
    scores = [[float(verdict[axis][mode]) for mode in MODES[axis]] for axis in AXIS_NAMES]
    scores = [[share / sum(row) for share in row] for row in scores]
    way = path(scores, album, thresholds=Thresholds.from_dict(verdict.get("thresholds") or {}))
    number = {step.axis: k for k, step in enumerate(way.steps, start=1)}
    apart = axis_distances(scores, album)
    for column, axis, row, distance in zip(st.columns(3), AXIS_NAMES, scores, apart, strict=True):
        with column:
            target = vertex(album, axis)
            show(
                path_ternary(axis, row, album=album, target=target, step=number.get(axis), distance=distance),
                key=f"{key}.{axis}",
            )
    st.text(f"{way.distance:.2f} in all, which is {way.difficulty}: one axis at a time, the farthest first.")
    if way.steps:
        st.table(
            pd.DataFrame(
                [
                    {"step": k, "what": step.text, "how far": f"{step.distance:.2f}", "left after it": f"{step.remaining:.2f}"}
                    for k, step in enumerate(way.steps, start=1)
                ]
            ).set_index("step"),
            border="horizontal",
            alt=f"The steps to {album}",
        )
    for warning in way.warnings:
        st.caption(f":material/info: {escape(warning)}")
