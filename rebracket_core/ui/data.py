"""Data sets on a page: what was taken, what was not and why, and what there is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from rebracket_core.corpus.schema import DatasetMeta, ReadReport
from rebracket_core.ui.escape import escape


def show_report(report: ReadReport) -> None:
    """Draw what a reader left aside, row by row, and its notes; nothing at all where there is nothing to say."""
    for note in report.notes:
        st.caption(f":material/info: {escape(note)}")
    if not report.skipped:
        return
    count = len(report.skipped)
    with st.expander(f"{count:,} {'place was' if count == 1 else 'places were'} left aside: see why", icon=":material/block:"):
        st.dataframe(
            pd.DataFrame([{"where": s.where, "why": s.reason, "what to do": s.hint} for s in report.skipped]),
            hide_index=True,
            height=min(38 + 35 * count, 360),
            alt="What was not taken, why, and what to do about it",
            column_config={
                "where": st.column_config.TextColumn(width="medium"),
                "why": st.column_config.TextColumn(width="large"),
            },
        )


def dataset_table(datasets: Sequence[DatasetMeta]) -> pd.DataFrame:
    """One row a data set: its size, where its rows come from, when and from where it was imported."""
    return pd.DataFrame(
        [
            {
                "data set": d.name,
                "texts": d.n_rows,
                "groups": d.n_groups,
                "origins": ", ".join(d.origins),
                "left aside": len(d.report.skipped),
                "imported (UTC)": d.imported_at[:16].replace("T", " "),
                "from": d.source,
            }
            for d in datasets
        ]
    )
