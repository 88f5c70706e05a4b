"""Transmigration on a page: the way of a concept to an album, step by step, on the three triangles."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rebracket_core.charts import PathStep, effort, path_ternary
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.settings import Thresholds
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.validation import Path, Verdict, axis_distances, path, vertex


def show_path(verdict: Verdict, *, key: str) -> None:
    """Draw the choice of an album and the concept's path to it: three triangles and a table of steps."""
    st.subheader("The way to an album", anchor=False)
    album = _choose_album(verdict, key=f"{key}.album")
    scores = [[float((getattr(verdict, axis) or {})[mode]) for mode in MODES[axis]] for axis in AXIS_NAMES]
    scores = [[share / sum(row) for share in row] for row in scores]
    way = path(scores, album, thresholds=Thresholds.from_dict(verdict.thresholds))
    number = {step.axis: k for k, step in enumerate(way.steps, start=1)}
    for k, (column, axis) in enumerate(zip(st.columns(3), AXIS_NAMES, strict=True)):
        step = PathStep(
            axis=axis,
            here=scores[k],
            album=album,
            target=vertex(album, axis),
            number=number.get(axis),
            distance=axis_distances(scores, album)[k],
        )
        with column:
            show(path_ternary(step), key=f"{key}.{axis}")
    st.text(f"How far: {effort(way.distance)} ({way.distance:.2f} in all), one axis at a time, the farthest first.")
    _show_steps(way, album=album)


def _choose_album(verdict: Verdict, *, key: str) -> str:
    """Draw the choice of an album, the nearest that is not the predicted one first chosen, and return it."""
    distances = verdict.distances or dict.fromkeys(ALBUM_NAMES, 0.0)
    near = sorted(ALBUM_NAMES, key=lambda name: distances[name])
    start = next((name for name in near if name != verdict.album), near[0])
    chosen = st.selectbox(
        "To",
        near,
        index=near.index(start),
        key=key,
        width=260,
        format_func=lambda name: f"{name}, {effort(distances[name])} ({distances[name]:.2f})",
    )
    return chosen or start


def _show_steps(way: Path, *, album: str) -> None:
    if way.steps:
        rows = [
            {"step": k, "what": step.text, "how far": f"{step.distance:.2f}", "left after it": f"{step.remaining:.2f}"}
            for k, step in enumerate(way.steps, start=1)
        ]
        st.table(pd.DataFrame(rows).set_index("step"), border="horizontal", alt=f"The steps to {album}")
    for warning in way.warnings:
        st.caption(f":material/info: {escape(warning)}")
