"""A run as people need to see it: what it was trained on, how often it is right, and whether that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.charts import ReliabilityBin, Score, confusion, reliability, score_intervals
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.runs.store import RunInfo
from rebracket_core.ui.concepts import sentences
from rebracket_core.ui.concepts import uncertainty as doubt
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape

STARTER_NOTE = (
    "This run learned from the starter corpus that comes with Rebracket, not from your songs: take its verdicts as a "
    "demonstration until a run on your own data is promoted."
)
_BASELINES = ("majority", "lookup", "tfidf_lr")


def span(row: Mapping[str, Any] | None) -> str:
    """An accuracy with its interval, "0.72 (0.66 to 0.77)"; "not measured" where there is none."""
    if not row or row.get("accuracy") is None:
        return "not measured"
    low, high = row.get("ci_low"), row.get("ci_high")
    tail = f" ({low:.2f} to {high:.2f})" if low is not None and high is not None else ""
    return f"{row['accuracy']:.2f}{tail}"


def scores_of(document: Mapping[str, Any]) -> list[Score]:
    """The album and axis accuracies of an evaluation document that were measured, for the chart of intervals."""
    rows = {"album": document.get("album") or {}, **{a: (document.get("metrics") or {}).get(a) or {} for a in AXIS_NAMES}}
    return [
        Score(
            name,
            float(row["accuracy"]),
            low=row.get("ci_low"),
            high=row.get("ci_high"),
            n=row.get("n"),
            **{rule: row.get(rule) for rule in _BASELINES},
        )
        for name, row in rows.items()
        if row.get("accuracy") is not None
    ]


def trained_on(run: RunInfo) -> str:
    """What a run learned from, in words: data set, origins, rows and groups; unescaped."""
    origins = ", ".join(run.origins) or "origin unknown"
    groups = sentences.count(run.n_groups, sentences.units(run.origins))
    return f"{run.dataset} ({origins}): {sentences.count(run.n_rows, 'texts')} in {groups}"


def run_line(run: RunInfo | None, *, run_id: str | None) -> None:
    """Draw which run gave a verdict, what it learned from and how often its album is right on unseen groups."""
    if run is None:
        st.caption(f"Given by run {escape(run_id or 'unknown')}, which is no longer among the runs.")
        return
    leaked = " **Leaked:** it was split by row, so this figure is worth nothing." if run.leaked else ""
    st.caption(
        f"Given by run {escape(run.run_id)}, trained on {escape(trained_on(run))}. Album right on unseen "
        f"{sentences.units(run.origins)}: {escape(span(run.metrics.get('album')))}.{leaked}"
    )
    if run.starter:
        st.caption(f":material/info: {STARTER_NOTE}")


def choose_run(runs: Mapping[str, RunInfo], *, key: str) -> RunInfo:
    """Draw the choice of a run, the one in use first, and return it.

    The address keeps its id under `key`, so that a link still opens it when another run is in use.
    """
    ids = sorted(runs, key=lambda run_id: not runs[run_id].promoted)
    chosen = st.selectbox("Run", ids, key=key, bind="query-params", help="The first is the one in use.") or ids[0]
    run = runs.get(chosen, runs[ids[0]])
    st.caption(escape(run_label(run)))
    return run


def run_label(run: RunInfo) -> str:
    """A run in one line for a list of choices; unescaped."""
    mark = "in use · " if run.promoted else ""
    return f"{mark}{run.run_id} · {run.dataset} · album {span(run.metrics.get('album'))}"


def run_table(runs: Sequence[RunInfo]) -> pd.DataFrame:
    """One row a run: whether it is in use, when, from what, and its accuracies on unseen groups."""
    rows = []
    for run in runs:
        metrics = run.metrics.get("metrics") or {}
        calibration = run.metrics.get("calibration") or {}
        rows.append(
            {
                "in use": "yes" if run.promoted else "",
                "run": run.run_id,
                "data set": run.dataset,
                "origins": ", ".join(run.origins),
                "album right": span(run.metrics.get("album")),
                **{axis: span(metrics.get(axis)) for axis in AXIS_NAMES},
                "probabilities off by": calibration.get("ece"),
                "split": "leaked" if run.leaked else str(run.metrics.get("split") or ""),
                "texts": run.n_rows,
                "groups": run.n_groups,
                "trained (UTC)": run.created_at[:16].replace("T", " "),
                "encoder": run.encoder_id,
            }
        )
    return pd.DataFrame(rows)


def show_figures(document: Mapping[str, Any], *, key: str) -> None:
    """Draw an evaluation: scores beside simple rules, whether the probabilities hold, what is mistaken for what."""
    leaked = bool(document.get("leaked"))
    if leaked:
        st.warning("Leaked: texts of one song stood on both sides of the split. These figures are worth nothing.")
    scores = scores_of(document)
    if not scores:
        st.info("Nothing could be measured: no unseen text of this data set has a label.")
        return
    selective, calibration = document.get("selective") or {}, document.get("calibration") or {}
    if selective.get("accuracy") is not None:
        st.text(
            f"Accepted are {selective['coverage']:.0%} of the held-out texts, and {selective['accuracy']:.0%} of the "
            f"{selective.get('n_accepted', '?')} accepted ones are right."
        )
    if (sets := calibration.get("sets")) and sets.get("measured") is not None:
        st.text(doubt.figures_text(sets))
    left, right = st.columns(2)
    with left:
        show(score_intervals(scores, leaked=leaked), key=f"{key}.scores")
    bins = [ReliabilityBin(b["probability"], b["right"], b["n"]) for b in calibration.get("reliability") or ()]
    if bins:
        with right:
            show(reliability(bins, ece=calibration.get("ece")), key=f"{key}.reliability")
    table = document.get("confusion") or {}
    if table.get("labels"):
        show(confusion(table["counts"], table["labels"]), key=f"{key}.confusion")
    for note in document.get("notes") or ():
        st.caption(escape(note))
