"""Data sets on a page: what was imported, what was skipped and why, and what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pandas as pd
import streamlit as st

from rebracket_core.corpus import DatasetMeta, ReadReport
from rebracket_core.progress import ProgressReporter
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.workbench import Workbench

T = TypeVar("T")


def choose_dataset(workbench: Workbench, *, key: str) -> DatasetMeta:
    """Draw the choice of a data set (in the address). There is at least one."""
    datasets = {meta.name: meta for meta in workbench.datasets.all()}
    name = st.selectbox("Data set", list(datasets), key=key, bind="query-params")
    return datasets.get(name or "", next(iter(datasets.values())))


def worked_out(
    kept: dict[str, T], meta: DatasetMeta, *, make: Callable[[ProgressReporter], T], doing: str, done: str, most: int
) -> T:
    """What `make` makes of a data set, with progress the first time; `kept` remembers the last `most` by their digest."""
    place = place_of(meta)
    if place not in kept:
        with working(f"{doing} {escape(meta.name)}", done=done) as progress:
            found = make(progress)
        while len(kept) >= most:
            kept.pop(next(iter(kept)), None)
        kept[place] = found
    return kept[place]


def place_of(meta: DatasetMeta) -> str:
    """The name under which something about the rows of a data set is remembered."""
    return f"{meta.name} {meta.digest}"


def show_report(report: ReadReport) -> None:
    """Draw what a reader skipped, row by row, and its notes; nothing at all where there is nothing to say."""
    for note in report.notes:
        st.caption(f":material/info: {escape(note)}")
    if not report.skipped:
        return
    count = len(report.skipped)
    with st.expander(f"{count:,} {'place was' if count == 1 else 'places were'} skipped: see why", icon=":material/block:"):
        st.dataframe(
            pd.DataFrame([{"where": s.where, "why": s.reason, "what to do": s.hint} for s in report.skipped]),
            hide_index=True,
            height=min(38 + 35 * count, 360),
            alt="What was skipped, why, and what to do about it",
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
                "sources": ", ".join(d.origins),
                "skipped": len(d.report.skipped),
                "imported (UTC)": d.imported_at[:16].replace("T", " "),
                "from": d.source,
            }
            for d in datasets
        ]
    )
