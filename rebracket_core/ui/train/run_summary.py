"""A model as people need to see it: what it was trained on, its accuracy, and whether that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from rebracket_core.charts import ReliabilityBin, Score, confusion_counts, reliability_curve, score_intervals
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.runs import RunInfo, RunMetrics, TypeScores
from rebracket_core.ui.concepts import sentences, uncertainty
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape

STARTER_NOTE = (
    "This model was trained on the starter corpus that comes with Rebracket, not on your songs: take its verdicts as a "
    "demonstration until a model of your own data is promoted."
)


def scores_of(metrics: RunMetrics) -> list[Score]:
    """The album and axis accuracies that were measured, for the chart of intervals."""
    return [
        Score(
            name,
            float(score.accuracy or 0.0),
            low=score.low,
            high=score.high,
            n=score.n,
            majority=score.majority,
            lookup=score.lookup,
            tfidf_lr=score.tfidf_lr,
        )
        for name, score in metrics.measured.items()
    ]


def trained_on(run: RunInfo) -> str:
    """What a run was trained on, in words: data set, sources, rows and groups; unescaped."""
    origins = ", ".join(run.origins) or "source unknown"
    groups = sentences.count(run.n_groups, sentences.units(run.origins))
    return f"{run.dataset} ({origins}): {sentences.count(run.n_rows, 'texts')} in {groups}"


def run_line(run: RunInfo | None, *, run_id: str | None) -> None:
    """Draw which run gave a verdict, what it was trained on and its album accuracy on held-out groups."""
    if run is None:
        st.caption(f"Given by the model {escape(run_id or 'unknown')}, which is no longer here.")
        return
    leaked = " **Leaked:** it was split by row, so this figure is worth nothing." if run.leaked else ""
    st.caption(
        f"Given by the model {escape(run.run_id)}, trained on {escape(trained_on(run))}. Album accuracy on held-out "
        f"{sentences.units(run.origins)}: {escape(run.measured.album)}.{leaked}"
    )
    if run.measured.not_learnt:
        st.caption(f":material/info: It did not learn {escape(', '.join(run.measured.not_learnt))} from its data.")
    if run.starter:
        st.caption(f":material/info: {STARTER_NOTE}")


def choose_run(runs: Mapping[str, RunInfo], *, key: str) -> RunInfo:
    """Draw the choice of a run, the production model first, and return it.

    The address keeps its id under `key`, so that a link still opens it when another run is promoted.
    """
    ids = sorted(runs, key=lambda run_id: not runs[run_id].promoted)
    chosen = st.selectbox("Model", ids, key=key, bind="query-params", help="The first is the production model.") or ids[0]
    run = runs.get(chosen, runs[ids[0]])
    st.caption(escape(run_label(run)))
    return run


def run_label(run: RunInfo) -> str:
    """A run in one line for a list of choices; unescaped."""
    mark = "production · " if run.promoted else ""
    types = run.measured.types.headline if run.measured.album.accuracy is None else None
    figure = f"{types.name} {types}" if types else f"album accuracy {run.measured.album}"
    return f"{mark}{run.run_id} · {run.dataset} · {figure}"


def run_table(runs: Sequence[RunInfo]) -> pd.DataFrame:
    """One row a run: whether it is the production model, when, from what, and its accuracies on held-out groups."""
    rows = []
    for run in runs:
        metrics = run.measured
        rows.append(
            {
                "production": "yes" if run.promoted else "",
                "model": run.run_id,
                "data set": run.dataset,
                "sources": ", ".join(run.origins),
                "album accuracy": str(metrics.album),
                **{axis: str(metrics.scores[axis]) for axis in AXIS_NAMES},
                "types": f"{found.name} {found}" if (found := metrics.types.headline) else "not measured",
                "calibration error": metrics.calibration.ece,
                "split": "leaked" if run.leaked else metrics.split,
                "not learnt": ", ".join(metrics.not_learnt),
                "texts": run.n_rows,
                "groups": run.n_groups,
                "trained (UTC)": run.created_at[:16].replace("T", " "),
                "encoder": run.encoder_id,
            }
        )
    return pd.DataFrame(rows)


def show_figures(metrics: RunMetrics, *, key: str) -> None:
    """Draw an evaluation: scores beside simple rules, whether the probabilities are calibrated, what is taken for what."""
    if metrics.leaked:
        st.warning("Leaked: texts of one song stood on both sides of the split. These figures are worth nothing.")
    if metrics.not_learnt:
        st.warning(f"Not learnt: {escape(', '.join(metrics.not_learnt))}. Why stands in the notes below.")
    scores = scores_of(metrics)
    _show_types(metrics.types)
    if not scores and metrics.types.measured:
        _show_notes(metrics)
        return
    if not scores:
        st.info("Nothing could be measured: no held-out text of this data set has a label that was learnt.")
        _show_notes(metrics)
        return
    gate, calibration = metrics.gate, metrics.calibration
    if gate.accuracy is not None:
        st.text(
            f"The rules accept {gate.coverage:.0%} of the held-out texts; the accuracy of the {gate.n_accepted:,} accepted "
            f"ones is {gate.accuracy:.0%}."
        )
    elif gate.coverage == 0:
        st.text("The rules accept none of the held-out texts.")
    if calibration.sets is not None:
        st.text(uncertainty.figures_text(calibration.sets))
    left, right = st.columns(2)
    with left:
        show(score_intervals(scores, leaked=metrics.leaked), key=f"{key}.scores")
    bins = [ReliabilityBin(b.probability, b.accuracy, b.n) for b in calibration.bins]
    if bins:
        with right:
            show(reliability_curve(bins, ece=calibration.ece), key=f"{key}.reliability")
    if metrics.confusion_labels:
        show(confusion_counts(metrics.confusion_counts, metrics.confusion_labels), key=f"{key}.confusion")
    _show_notes(metrics)


def _show_types(types: TypeScores) -> None:
    """Draw the figures of types as tables, and what they come to in words; nothing where none were measured."""
    for sentence in types.sentences():
        st.text(sentence)
    tables = (
        (types.figure_rows(), "Figures of the types with intervals, beside simple rules"),
        (types.gap_rows(), "By how much the model is better than simple rules, on the same texts"),
        (types.type_rows(), "Each type with its figures"),
        (types.pair_rows(), "Types that are confused, the most frequent first"),
    )
    for rows, alt in tables:
        if rows:
            st.dataframe(pd.DataFrame(rows).round(3), hide_index=True, alt=alt)


def _show_notes(metrics: RunMetrics) -> None:
    for note in metrics.notes:
        st.caption(escape(note))
