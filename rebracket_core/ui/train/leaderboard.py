"""The runs in order of their accuracy on held-out songs, leaked ones at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from rebracket_core.runs import RunInfo, RunNote, ranked
from rebracket_core.ui.train.run_summary import run_table
from rebracket_core.workbench import Workbench


def tags_of(workbench: Workbench, runs: Sequence[RunInfo]) -> dict[str, RunNote]:
    """Run id → its note. Raises StoreError where one cannot be read."""
    return {run.run_id: workbench.runs.note(run.run_id) for run in runs}


def show_leaderboard(runs: Sequence[RunInfo], *, notes: Mapping[str, RunNote]) -> None:
    """Draw the runs, best first, with their tags; the filter by tag stands in the address as `runs.tags`."""
    tags = sorted({tag for note in notes.values() for tag in note.tags})
    chosen: Sequence[str] = ()
    if tags:
        chosen = st.multiselect("Tags", tags, key="runs.tags", placeholder="any", width=320, bind="query-params")
    shown = [run for run in ranked(runs) if set(chosen) <= set(notes[run.run_id].tags)]
    if not shown:
        st.info("No model has all of these tags.", icon=":material/filter_alt_off:")
        return
    table = run_table(shown)
    honest = [run.run_id for run in shown if not run.leaked]
    table.insert(0, "rank", [str(honest.index(run.run_id) + 1) if run.run_id in honest else "leaked" for run in shown])
    table.insert(3, "tags", [", ".join(notes[run.run_id].tags) for run in shown])
    st.dataframe(
        table,
        hide_index=True,
        alt="The models with their accuracies, best first, leaked ones last",
        column_config={
            "calibration error": st.column_config.NumberColumn(format="%.3f"),
            "rank": st.column_config.TextColumn(pinned=True, width=60),
            "production": st.column_config.TextColumn(width=80),
        },
    )
    if len({run.dataset_digest for run in shown}) > 1:
        st.caption("Some of these models were measured on other texts, so that their order says little: compare them below.")
