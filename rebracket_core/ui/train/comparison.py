"""Runs against each other: what differs in plain words, how surely, and on which texts they part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.charts import Gap, accuracy_overlay, difference_intervals, loss_overlay
from rebracket_core.runs import RunInfo, ranked
from rebracket_core.training.evaluation import Comparison, Difference, Disagreement
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.workbench import Workbench

LEVEL = 0.05
_MOST_KEPT, _MOST_RUNS = 8, 5
_NAMES = {
    "album": "album accuracy",
    "temporal": "temporal accuracy",
    "spatial": "spatial accuracy",
    "ontological": "ontological accuracy",
    "album_brier": "album's probabilities (Brier score)",
    "types": "exactly the right types",
    "types_f1": "types (mean F1 of a text)",
    "types_log_loss": "types' probabilities (log loss)",
    "any_type": "any type accuracy",
    "any_type_log_loss": "any type's probability (log loss)",
    "album_log_loss": "album's probabilities (log loss)",
}
# Log loss lies on another scale, so the chart goes without it.
_IN_CHART = {name: name for name in ("album", "temporal", "spatial", "ontological")} | {
    "album_brier": "Brier score",
    "types_f1": "types (F1)",
    "any_type": "any type",
}
_RIGHT_ONE = {"first": "the first", "second": "the second", "neither": "neither", "unknown": "not known"}


def compare_controls(runs: Sequence[RunInfo]) -> list[str]:
    """Draw the choice of runs to compare and return their ids, the one to compare with first."""
    return st.multiselect(
        "Models to compare",
        [run.run_id for run in ranked(runs)],
        key="runs.compare",
        bind="query-params",
        max_selections=_MOST_RUNS,
        placeholder="choose two or more",
        help="The first one chosen is what the others are compared with.",
    )


def show_comparison(workbench: Workbench, run_ids: Sequence[str]) -> None:
    """Draw each later run against the first: differences, config, texts, curves. Raises as `Workbench.compare` does."""
    plain: dict[tuple[str, ...], list[dict[str, Any]]] = st.session_state.setdefault("runs.comparisons", {})
    key = tuple(run_ids)
    if key not in plain:
        with st.spinner("Comparing text by text"):
            plain[key] = [one.to_dict() for one in workbench.runs.compare(run_ids)]
        while len(plain) > _MOST_KEPT:
            plain.pop(next(iter(plain)))
    found = [read_comparison(one) for one in plain[key]]
    for k, one in enumerate(found):
        _show_pair(one, key=f"runs.compared.{k}")
    leaked = {run_id for one in found for run_id in one.leaked}
    _show_curves(workbench, {run_id: f"{run_id} (leaked)" if run_id in leaked else run_id for run_id in run_ids})


def read_comparison(plain: Mapping[str, Any]) -> Comparison:
    """Read a comparison as the session holds it: what `Comparison.to_dict` gave."""
    fields = {name: plain[name] for name in Comparison.__slots__}
    parts = {
        "metrics": tuple(Difference(**metric) for metric in plain["metrics"]),
        "disagreements": tuple(Disagreement(**one) for one in plain["disagreements"]),
        "leaked": tuple(plain["leaked"]),
        "notes": tuple(plain["notes"]),
    }
    return Comparison(**fields | parts)


def in_words(metric: Difference, *, leaked: bool = False) -> str:
    """A difference in plain words, "better by 0.03 [0.01, 0.05], p 0.004"; p is the corrected one."""
    if metric.difference is None:
        return "not measured: no common text has a label for it"
    if leaked:
        return "says nothing: leaked"
    if metric.ci_low is None or metric.p_holm is None:
        return "measured on one group alone: no interval"
    gain, low, high = _gain(metric)
    if not _proven(metric):
        return f"no proven difference: {gain:+.3f} [{low:+.3f}, {high:+.3f}], p {_p(metric.p_holm)}"
    word = "better" if gain > 0 else "worse"
    ends = sorted((abs(low), abs(high))) if low * high > 0 else (low, high)
    return f"{word} by {abs(gain):.3f} [{ends[0]:.3f}, {ends[1]:.3f}], p {_p(metric.p_holm)}"


def _show_pair(one: Comparison, *, key: str) -> None:
    st.markdown(f"**{escape(one.second)}** against **{escape(one.first)}**")
    for note in one.notes:
        st.warning(f"Leaked. {escape(note)}", icon=":material/warning:")
    only_one = [f"{one.only_first:,} only the first predicted", f"{one.only_second:,} only the second"]
    again = f" {count(one.relabelled, 'texts')} got another label in between." if one.relabelled else ""
    texts, groups = count(one.n_rows, "texts in common"), count(one.n_groups, "groups")
    st.caption(f"{texts}, from {groups}; {', '.join(only_one)}.{again}")
    show_differences(one, key=key)
    _show_config(one)
    _show_texts(one)


def show_differences(one: Comparison, *, key: str) -> None:
    """Draw a comparison's metrics, its plain values given: a table in words, and the intervals beside each other."""
    leaked = not one.honest
    st.table(
        pd.DataFrame([_row(m, leaked=leaked) for m in one.metrics]).set_index("question"),
        border="horizontal",
        alt=f"What differs between {one.first} and {one.second}",
    )
    gaps = [
        Gap(_IN_CHART[m.metric], *_gain(m), proven=_proven(m) and not leaked)
        for m in one.metrics
        if m.metric in _IN_CHART and m.ci_low is not None
    ]
    if gaps:
        show(difference_intervals(gaps, first=one.first, second=one.second, leaked=leaked), key=f"{key}.gaps")


def _row(metric: Difference, *, leaked: bool) -> dict[str, str]:
    first, second = (
        f"{getattr(metric, side):.3f}" if getattr(metric, side) is not None else "–" for side in ("first", "second")
    )
    name = _NAMES.get(metric.metric, metric.metric) + (", less is better" if metric.lower_is_better else "")
    return {"question": name, "first": first, "second": second, "the second is": escape(in_words(metric, leaked=leaked))}


def _show_config(one: Comparison) -> None:
    if not one.config:
        st.caption("Both were trained with the same options on the same data.")
        return
    rows = [{"option": name, "first": str(a), "second": str(b)} for name, (a, b) in one.config.items()]
    st.dataframe(rows, hide_index=True, alt="Options that differ between the two models")


def _show_texts(one: Comparison) -> None:
    found = one.disagreements
    if not found:
        st.caption("They predict the same album for every common text.")
        return
    with st.expander(f"{count(len(found), 'texts')} with different predictions", icon=":material/call_split:"):
        rows = [
            {
                "text": d.text,
                "label": d.truth or "",
                "right": _RIGHT_ONE[d.right],
                "first prediction": f"{d.first} {d.first_probability:.2f}",
                "second prediction": f"{d.second} {d.second_probability:.2f}",
                "first verdict": d.first_verdict,
                "second verdict": d.second_verdict,
                "row": d.row_id,
            }
            for d in found
        ]
        st.dataframe(
            rows,
            hide_index=True,
            alt="Texts on which the two models disagree",
            column_config={"text": st.column_config.TextColumn(width="large")},
        )


def _show_curves(workbench: Workbench, names: Mapping[str, str]) -> None:
    points = {name: workbench.training.watch(run_id).points for run_id, name in names.items()}
    if not any(points.values()):
        st.caption("No curves were kept of these models.")
        return
    left, right = st.columns(2)
    with left:
        show(loss_overlay(points), key="runs.compared.loss")
    with right:
        show(accuracy_overlay(points), key="runs.compared.right")


def _gain(metric: Difference) -> tuple[float, float, float]:
    """How much better the second is, with the ends of the interval, the lower first."""
    gain, low, high = metric.difference or 0.0, metric.ci_low or 0.0, metric.ci_high or 0.0
    return (-gain, -high, -low) if metric.lower_is_better else (gain, low, high)


def _proven(metric: Difference) -> bool:
    return metric.p_holm is not None and metric.p_holm < LEVEL


def _p(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
