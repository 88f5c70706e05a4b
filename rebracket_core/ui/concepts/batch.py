"""Many concepts at once: the batches of this process, and how one is shown."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import streamlit as st

from rebracket_core.charts import TernaryPoint, axis_ternary, probability_distribution
from rebracket_core.corpus import ReadReport
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.runs import RunInfo
from rebracket_core.thresholds import Value
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.concepts.verdict import show_verdict
from rebracket_core.ui.concepts.verdict_table import (
    FAILED,
    Filter,
    as_expected,
    columns_of,
    filter_controls,
    kind_of,
    verdict_frame,
)
from rebracket_core.ui.kit.download_buttons import downloads
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.library.datasets import show_report
from rebracket_core.validation import SEEN_IN_TRAINING, Verdict, is_out_of_distribution
from rebracket_core.verdict_kinds import VerdictKind

MAX_BATCHES, MAX_VERDICTS = 20, 60_000
_MOST_POINTS = 1500  # a triangle of more marks than this is a blot


@dataclass(frozen=True, slots=True)
class Batch:
    """The verdicts of one round in input order, what was read for it, and where it came from."""

    batch_id: str
    label: str
    verdicts: tuple[Verdict, ...]
    report: ReadReport


class BatchCache:
    """The last batches of all sessions, the oldest dropped first; safe between threads.

    They are here so that a page can be drawn again; for good, every verdict is in the history.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batches: OrderedDict[str, Batch] = OrderedDict()

    def put(self, label: str, verdicts: Sequence[Verdict], report: ReadReport) -> str:
        """The id under which a new batch can be asked for."""
        batch = Batch(uuid4().hex, label, tuple(verdicts), report)
        with self._lock:
            self._batches[batch.batch_id] = batch
            while len(self._batches) > 1 and (
                len(self._batches) > MAX_BATCHES or sum(len(b.verdicts) for b in self._batches.values()) > MAX_VERDICTS
            ):
                self._batches.popitem(last=False)
        return batch.batch_id

    def get(self, batch_id: str) -> Batch | None:
        """The batch of this id, or None where it was dropped or never was."""
        with self._lock:
            return self._batches.get(batch_id)


@st.cache_resource(show_spinner=False)
def batches() -> BatchCache:
    """The batches of this process."""
    return BatchCache()


def show_batch(batch: Batch, *, runs: dict[str, RunInfo], key: str) -> None:
    """Draw a batch: counts, filters, the table with one row to open, downloads, and how sure the model was."""
    st.subheader(escape(batch.label), anchor=False)
    _counts(batch)
    _out_of_distribution(batch)
    _memory(batch)
    show_report(batch.report)
    chosen = filter_controls(key, batch.verdicts)
    shown = [v for v in batch.verdicts if chosen.passes(v)]
    if not shown:
        st.info("No verdict passes these filters. Clear one of them to see more.")
        return
    st.caption(f"{len(shown):,} of {len(batch.verdicts):,}. Press a column's head to sort; tick a row to open it below.")
    picked = pick_row(shown, key=f"{key}.table.{batch.batch_id[:8]}.{hash(chosen)}")
    downloads(lambda: [v.to_dict() for v in shown], count=len(shown), key=f"{key}.download", name="verdicts")
    if picked is not None:
        show_verdict(shown[picked], run=runs.get(shown[picked].run_id or ""), key=f"{key}.picked")
    _overview(shown, chosen, key=key)


def pick_row(verdicts: Sequence[Verdict], *, key: str, extra: Mapping[str, Sequence[Any]] | None = None) -> int | None:
    """Draw the table of verdicts and return the position of the row that is ticked, None for none.

    `extra` are columns to put at its end: name → one value a row.
    """
    event = st.dataframe(
        verdict_frame(verdicts).assign(**(extra or {})),
        key=key,
        hide_index=True,
        column_config=columns_of(),
        on_select="rerun",
        selection_mode="single-row",
        height=min(38 + 35 * len(verdicts), 460),
        alt="One row a concept with its verdict",
        placeholder="",
    )
    rows = event["selection"]["rows"]
    return rows[0] if rows and rows[0] < len(verdicts) else None


def _counts(batch: Batch) -> None:
    counts = Counter(kind_of(v) for v in batch.verdicts)
    known = [as_expected(v) for v in batch.verdicts if as_expected(v)]
    with st.grid(6, min_column_width=110):
        for word, label in (*((str(kind), kind.label) for kind in VerdictKind), (FAILED, FAILED.capitalize())):
            st.metric(label, f"{counts.get(word, 0):,}", border=True)
        if known:
            st.metric("As expected", f"{known.count('yes'):,}/{len(known):,}", border=True)


def _out_of_distribution(batch: Batch) -> None:
    """Say so where most texts are out of distribution, and what helps."""
    scored = [v for v in batch.verdicts if v.error is None]
    n_ood = sum(is_out_of_distribution(v.to_dict()) for v in scored)
    if n_ood * 2 >= max(len(scored), 2):
        st.warning(
            f"{n_ood:,} of {count(len(scored), 'concepts')} are out of distribution (unlike the training texts), so the model "
            "cannot place them. Import labelled texts of their kind, train on them, and promote that model.",
            icon=":material/travel_explore:",
        )
        with st.container(horizontal=True):
            site.link("import", "Import data")
            site.link("runs", "Train or choose a model")


def _memory(batch: Batch) -> None:
    """Say how many of the concepts that match their source were learned by the model, so that no one takes it for a test."""
    known = [v for v in batch.verdicts if as_expected(v)]
    seen = sum(SEEN_IN_TRAINING in v.flags for v in known)
    if seen:
        st.caption(
            f"Of the {count(len(known), 'concepts')} with an expected album the model was trained on {seen:,}: that these "
            "come out as expected is memory, no test."
        )


def _overview(shown: Sequence[Verdict], chosen: Filter, *, key: str) -> None:
    scored = [v for v in shown if v.error is None]
    if len(scored) < 2:
        return
    groups = {str(kind): [v.album_probability or 0.0 for v in scored if v.verdict == kind] for kind in VerdictKind}
    accepts = {v.thresholds.get("accept") for v in scored}
    st.subheader("All of them together", anchor=False)
    show(probability_distribution(groups, accept=_only(accepts)), key=f"{key}.spread")
    with st.expander(
        "Where they lie on the axes", icon=":material/change_history:", on_change="rerun", key=f"{key}.triangles"
    ) as box:
        if not box.open:
            return
        if len(scored) > _MOST_POINTS:
            st.caption(f"The first {_MOST_POINTS:,} of {len(scored):,}; filter the table to see others.")
        for column, axis in zip(st.columns(3), AXIS_NAMES, strict=True):
            points = [TernaryPoint(v.id, _triple(getattr(v, axis), axis), v.album, v.text) for v in scored[:_MOST_POINTS]]
            with column:
                show(axis_ternary(axis, points), key=f"{key}.triangle.{axis}")


def _only(values: set[Value | None]) -> float | None:
    """The one value where all have the same, else None."""
    value = next(iter(values)) if len(values) == 1 else None
    return None if value is None else float(value)


def _triple(shares: Mapping[str, float], axis: str) -> tuple[float, float, float]:
    first, second, third = (float(shares[mode]) for mode in MODES[axis])
    return first, second, third
