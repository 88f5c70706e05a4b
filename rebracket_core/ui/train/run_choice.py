"""Promoting a run, its facts, and its evaluation on another data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from rebracket_core.corpus import DatasetMeta
from rebracket_core.runs import AccuracyScore, RunInfo, RunMetrics
from rebracket_core.services import StoredKind
from rebracket_core.thresholds import in_words
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.confirmation import confirm, show_refusal
from rebracket_core.ui.kit.lifecycle import lifecycle_menu
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.train.run_summary import show_figures, trained_on
from rebracket_core.workbench import Workbench

_MOST_KEPT = 8


def promote_button(workbench: Workbench, run: RunInfo, *, key: str = "runs.promote") -> None:
    """Draw the button that promotes a run, or the word that it is the production model."""
    if run.promoted:
        st.success("Production model: verdicts come from it.", icon=":material/verified:")
        return
    show_refusal(key=key)
    if st.button(
        "Promote to production",
        type="primary",
        icon=":material/verified:",
        key=key,
        help="Verdicts come from the promoted model. Earlier ones stay in the history with the model that gave them.",
    ):
        now = workbench.runs.production()
        before = f"instead of **{escape(now.run_id)}**" if now else "; there is no production model yet"
        confirm(
            "Promote this model?",
            changes=f"From then on verdicts come from **{escape(run.run_id)}** {before}, for everybody: on the pages, the "
            "command line, watched folders and the API. Verdicts that were given stay in the history. “Roll back” undoes it.",
            yes="Promote it",
            key=key,
            then=lambda: _promote(workbench, run.run_id),
        )


def _promote(workbench: Workbench, run_id: str) -> None:
    workbench.runs.promote(run_id)
    st.toast(f"{escape(run_id)} is the production model.", icon=":material/verified:")


def show_facts(run: RunInfo) -> None:
    """Draw what a run was trained on and what it runs with."""
    st.table(
        {
            "Trained on": escape(trained_on(run)),
            "Trained": escape(run.created_at[:19].replace("T", " ")) + " UTC",
            "Encoder": escape(run.encoder_id),
            "Thresholds": escape(in_words(run.thresholds)),
            **{
                f"Album accuracy on {escape(t['origin'])}, trained on the others": escape(AccuracyScore.from_dict(t))
                for t in run.transfer
            },
            "Digest of the data": escape(run.dataset_digest[:16]),
        },
        border="horizontal",
        alt="What the model was trained on and runs with",
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
        found = RunMetrics.from_dict(kept[place])
        excluded = (
            f"; {found.n_seen_excluded:,} excluded because the model was trained on them" if found.n_seen_excluded else ""
        )
        st.text(f"{count(found.n_rows, 'texts')} in {count(found.n_groups, 'groups')}{excluded}.")
        show_figures(found, key="runs.evaluated")


def show_broken(workbench: Workbench, broken: Sequence[tuple[str, str]]) -> None:
    """Draw the runs that cannot be used, (run_id, why) each, to be put away; nothing where there are none."""
    if broken:
        with st.expander(f"{len(broken)} cannot be used: see why", icon=":material/block:"):
            st.dataframe([{"model": run_id, "why": why} for run_id, why in broken], alt="Models that cannot be used, and why")
            chosen = st.selectbox("Put away", [run_id for run_id, _ in broken], key="runs.broken")
            if chosen:
                with st.container(horizontal=True):
                    lifecycle_menu(workbench, StoredKind.RUN, chosen, key="runs.broken")
