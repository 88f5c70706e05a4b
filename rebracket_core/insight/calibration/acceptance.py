"""What the gate accepts of unseen texts, at its own thresholds and at others, and how right that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rebracket_core.insight.review import Review
from rebracket_core.models.scores import Scores
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.stats.cells import ratio_intervals
from rebracket_core.validation import Answers, Item, Verdict

ACCEPTED = ("ACCEPT", "ACCEPT_BLACK")


@dataclass(frozen=True, slots=True)
class GatePoint:
    """What a gate lets through of n unseen texts: the share, and how often that is right, both with intervals over songs.

    Right means: the first album is the labelled one; a text without an album is never right. `right` is None where nothing
    was accepted. `rejected_right` is the share of the rejected whose first album was right: what caution cost.
    """

    coverage: float
    coverage_low: float | None
    coverage_high: float | None
    right: float | None
    right_low: float | None
    right_high: float | None
    n: int
    n_accepted: int
    rejected_right: float | None
    verdicts: Mapping[str, int]
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GateCurve:
    """The gate at every acceptance threshold, its other thresholds unchanged: coverage, share wrong, threshold (m,) each."""

    coverage: np.ndarray
    risk: np.ndarray
    accept: np.ndarray


def own_point(review: Review, *, seed: int) -> GatePoint:
    """The gate as the run was measured: each text under the acceptance that was chosen without its songs."""
    return _point(review, list(review.verdict), reasons={}, seed=seed)


def point_at(review: Review, thresholds: Thresholds, *, seed: int) -> GatePoint:
    """The gate at thresholds of one's own, the same for all texts."""
    verdicts = judge_again(review, thresholds)
    reasons = Counter(str(v.reason) for v in verdicts if v.reason)
    return _point(review, [str(v.verdict) for v in verdicts], reasons=dict(reasons.most_common()), seed=seed)


def gate_curve(review: Review, thresholds: Thresholds) -> GateCurve:
    """The gate with `accept` from high to low: it runs once wide open and is then cut at each album probability."""
    verdicts = judge_again(review, thresholds.with_(accept=0.0))
    passed = np.array([str(v.verdict) in ACCEPTED for v in verdicts], dtype=bool)
    at = np.flatnonzero(passed)
    p = review.probability[at]
    order = np.argsort(-p, kind="stable")
    right = (review.album_top == review.album_truth)[at][order]
    count = np.arange(1, len(at) + 1)
    return GateCurve(coverage=count / max(1, len(review)), risk=np.cumsum(~right) / count, accept=p[order])


def judge_again(review: Review, thresholds: Thresholds) -> list[Verdict]:
    """The verdicts on the unseen texts under thresholds of one's own; nothing is encoded or asked anew."""
    told = review.full()
    scores = Scores(
        axis=told.axis,
        axis_heads=told.axis,
        confidence=told.confidence,
        album=review.album_proba,
        types=told.types,
        uncertainty=told.uncertainty,
    )
    items = [Item(id=row_id, text=text or "-") for row_id, text in zip(review.row_id, review.text, strict=True)]
    return Answers(scores=scores, ood_p=told.ood_p).judge(items, thresholds=thresholds, run_id=review.run_id, with_types=False)


def _point(review: Review, verdicts: list[str], *, reasons: Mapping[str, int], seed: int) -> GatePoint:
    passed = np.array([v in ACCEPTED for v in verdicts], dtype=np.float64)
    right = ((review.album_truth >= 0) & (review.album_top == review.album_truth)).astype(np.float64)
    part = np.column_stack([passed, passed * right])
    told = ratio_intervals(part, np.column_stack([np.ones(len(passed)), passed]), review.groups, seed=seed)
    judged = review.judged & (passed == 0)
    return GatePoint(
        coverage=float(told.value[0]),
        coverage_low=_plain(told.low[0]),
        coverage_high=_plain(told.high[0]),
        right=_plain(told.value[1]),
        right_low=_plain(told.low[1]),
        right_high=_plain(told.high[1]),
        n=len(verdicts),
        n_accepted=int(passed.sum()),
        rejected_right=float(right[judged].mean()) if judged.any() else None,
        verdicts=dict(Counter(verdicts).most_common()),
        reasons=reasons,
    )


def albums_of(review: Review) -> list[str | None]:
    """The true album of each row by name, None where there is none."""
    return [ALBUM_NAMES[int(k)] if k >= 0 else None for k in review.album_truth]


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
