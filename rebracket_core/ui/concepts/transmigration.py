"""Transmigration on a page: the way of a concept to an album or a triple of modes, step by step, on the three triangles."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rebracket_core.charts import PathStep, effort, path_ternary
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.services import TransmigrationPlan, plan_from_verdict
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.validation import Verdict

_TRIPLE = "a triple of modes"
_NO_MODE = "none"


def show_path(verdict: Verdict, *, key: str) -> None:
    """Draw the choice of an end and the concept's path to it: three triangles, its vector, its steps and minimal edits."""
    st.subheader("The way to an album", anchor=False)
    plan = plan_from_verdict(verdict.to_dict(), _choose_end(verdict, key=f"{key}.album"))
    name = plan.to.album or plan.to.name
    for change, column in zip(plan.changes, st.columns(3), strict=True):
        step = PathStep(
            axis=change.axis, here=change.before, album=name, target=change.after, number=change.rank, distance=change.size
        )
        with column:
            show(path_ternary(step), key=f"{key}.{change.axis}")
    distance = plan.way.distance
    st.text(f"How far: {effort(distance)} ({distance:.2f} in all), one axis at a time, the farthest first.")
    _show_steps(plan)


def _choose_end(verdict: Verdict, *, key: str) -> str:
    """Draw the choice of an end, the nearest album that is not the predicted one first chosen, and return it."""
    distances = verdict.distances or dict.fromkeys(ALBUM_NAMES, 0.0)
    near = sorted(ALBUM_NAMES, key=lambda name: distances[name])
    start = next((name for name in near if name != verdict.album), near[0])
    chosen = st.selectbox(
        "To",
        [*near, _TRIPLE],
        index=near.index(start),
        key=key,
        width=260,
        format_func=lambda name: name if name == _TRIPLE else f"{name}, {effort(distances[name])} ({distances[name]:.2f})",
    )
    return _choose_modes(key=key) if chosen == _TRIPLE else chosen or start


def _choose_modes(*, key: str) -> str:
    """Draw the choice of a mode of each axis and return the triple."""
    modes = []
    for axis, column in zip(AXIS_NAMES, st.columns(3), strict=True):
        with column:
            modes.append(st.selectbox(axis, [*MODES[axis], _NO_MODE], key=f"{key}.{axis}") or _NO_MODE)
    return "_".join(modes)


def _show_steps(plan: TransmigrationPlan) -> None:
    name = plan.to.name
    changed = [change for change in plan.changes if change.rank]
    if changed:
        vector = [
            {"axis": one.axis, "order": one.rank, "size": f"{one.size:.2f}", "direction": one.direction}
            | {f"{place} mode": f"{m} {v:+.2f}" for place, m, v in zip(_PLACES, MODES[one.axis], one.vector, strict=True)}
            for one in changed
        ]
        st.table(pd.DataFrame(vector).set_index("axis"), border="horizontal", alt=f"The vector to {name}, axis by axis")
        rows = [
            {
                "step": k,
                "what": step.text,
                "how far": f"{step.distance:.2f}",
                "left after it": f"{step.remaining:.2f}",
                "then": state.mode,
                "nearest album": f"{state.nearest_album} ({state.nearest_distance:.2f})",
            }
            for k, (step, state) in enumerate(zip(plan.way.steps, plan.states, strict=True), start=1)
        ]
        st.table(pd.DataFrame(rows).set_index("step"), border="horizontal", alt=f"The steps to {name}")
    for edit in plan.edits:
        st.text(f"Minimal edit, {edit.axis}: {edit.text}")
    for warning in plan.warnings:
        st.caption(f":material/info: {escape(warning)}")


_PLACES = ("first", "second", "third")
