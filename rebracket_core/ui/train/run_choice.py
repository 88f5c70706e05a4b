"""Choosing runs on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from rebracket_core.corpus.schema import DatasetMeta
from rebracket_core.runs.store import RunInfo
from rebracket_core.thresholds import in_words
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.train.run_summary import show_figures, span, trained_on
from rebracket_core.workbench import Workbench

_MOST_KEPT = 8


def promote_button(workbench: Workbench, run: RunInfo, *, key: str = "runs.promote") -> None:
    """Draw the button that puts a run to use, or the word that it is."""
    if run.promoted:
        st.success("In use: verdicts come from this run.", icon=":material/verified:")
        return
    st.button(
        "Use this run for verdicts",
        type="primary",
        icon=":material/verified:",
        key=key,
        on_click=_promote,
        args=(workbench, run.run_id),
        disabled=False,
        help="Verdicts that were given before stay in the history with the run that gave them.",
    )


def _promote(workbench: Workbench, run_id: str) -> None:
    workbench.runs.promote(run_id)
    st.toast(f"{escape(run_id)} is in use.", icon=":material/verified:")


def show_facts(run: RunInfo) -> None:
    """Draw what a run learned from and what it runs with."""
    st.table(
        {
            "Learned from": escape(trained_on(run)),
            "Trained": escape(run.created_at[:19].replace("T", " ")) + " UTC",
            "Encoder": escape(run.encoder_id),
            "Thresholds": escape(in_words(run.thresholds)),
            **{f"Album right on {escape(t['origin'])}, learning from the others": escape(span(t)) for t in run.transfer},
            "Digest of the data": escape(run.dataset_digest[:16]),
        },
        border="horizontal",
        alt="What the run learned from and runs with",
    )


def evaluate_form(workbench: Workbench, run: RunInfo, datasets: Sequence[DatasetMeta]) -> None:
    """Draw the choice of a data set and, once asked, the run's figures on it; kept for the session."""
    with st.form("runs.evaluate", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Evaluate on", [d.name for d in datasets], key="runs.evaluate.on", width=320)
        pressed = st.form_submit_button("Evaluate", icon=":material/query_stats:")
    kept: dict[str, dict[str, Any]] = st.session_state.setdefault("runs.evaluations", {})
    meta = next((d for d in datasets if d.name == name), None)
    if meta is None:
        return
    place = f"{run.run_id} {meta.digest}"
    if pressed:
        with working(f"Evaluating on {escape(meta.name)}", done="Evaluated") as progress:
            kept[place] = workbench.runs.evaluate(run.run_id, meta.name, progress=progress).to_dict()
        while len(kept) > _MOST_KEPT:
            kept.pop(next(iter(kept)))
    if place in kept:
        found = kept[place]
        st.text(
            f"{count(found['n_rows'], 'texts')} in {count(found['n_groups'], 'groups')}"
            + (f"; {found['n_seen_excluded']:,} left out because the run had seen them" if found.get("n_seen_excluded") else "")
            + "."
        )
        show_figures(found, key="runs.evaluated")


def show_broken(broken: Sequence[tuple[str, str]]) -> None:
    """Draw the runs that cannot be used, (run_id, why) each; nothing where there are none."""
    if broken:
        with st.expander(f"{len(broken)} cannot be used: see why", icon=":material/block:"):
            st.dataframe([{"run": run_id, "why": why} for run_id, why in broken], alt="Runs that cannot be used, and why")
