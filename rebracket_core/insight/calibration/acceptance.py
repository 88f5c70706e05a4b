"""What the rules accept of out-of-fold texts, at a run's own thresholds and at others, and how right that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rebracket_core.insight.review import Review
from rebracket_core.models import Scores
from rebracket_core.settings import Thresholds
from rebracket_core.stats import ratio_intervals
from rebracket_core.validation import Concept, Predictions, Verdict, verdicts_from
from rebracket_core.verdict_kinds import VerdictKind, is_accepted


@dataclass(frozen=True, slots=True)
class GatePoint:
    """What the rules accept of n out-of-fold texts: the share, and how often that is right, both with intervals over songs.

    Right means: the first album is the labelled one; a text without an album is never right. `right` is None where nothing
    was accepted. Accepted means any of the three ACCEPTs; `n_hybrid` and `hybrid_right` are the hybrids' own line.
    `rejected_right` is the share of the rejected whose first album was right: what caution cost.
    """

    coverage: float
    coverage_low: float | None
    coverage_high: float | None
    right: float | None
    right_low: float | None
    right_high: float | None
    n: int
    n_accepted: int
    n_hybrid: int
    hybrid_right: float | None
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
    verdicts = verdicts_at(review, thresholds)
    reasons = Counter(str(v.reason) for v in verdicts if v.reason)
    return _point(review, [str(v.verdict) for v in verdicts], reasons=dict(reasons.most_common()), seed=seed)


def gate_curve(review: Review, thresholds: Thresholds) -> GateCurve:
    """The rules with `accept` from high to low: they run wide open and shut, and are cut at each album probability between.

    What is accepted whatever `accept` is, as a hybrid, counts at every point.
    """
    shut = np.array([v.is_accepted for v in verdicts_at(review, thresholds.with_(accept=1.0))], dtype=bool)
    opened = np.array([v.is_accepted for v in verdicts_at(review, thresholds.with_(accept=0.0))], dtype=bool)
    right = review.album_top == review.album_truth
    at = np.flatnonzero(opened & ~shut)
    p = review.probability[at]
    order = np.argsort(-p, kind="stable")
    count = int(shut.sum()) + np.arange(1, len(at) + 1)
    wrong = int((shut & ~right).sum()) + np.cumsum(~right[at][order])
    return GateCurve(coverage=count / max(1, len(review)), risk=wrong / count, accept=p[order])


def verdicts_at(review: Review, thresholds: Thresholds) -> list[Verdict]:
    """The verdicts on the held-out texts under thresholds of one's own; nothing is encoded or predicted anew."""
    kept = review.all_predictions()
    scores = Scores(
        axis=kept.axis,
        axis_heads=kept.axis,
        confidence=kept.confidence,
        album=review.album_proba,
        types=kept.types,
        uncertainty=kept.uncertainty,
        any_type=kept.any_type,
        predicted_types=kept.predicted_types,
    )
    concepts = [Concept(id=row_id, text=text or "-") for row_id, text in zip(review.row_id, review.text, strict=True)]
    return verdicts_from(
        concepts, Predictions(scores=scores, ood_p=kept.ood_p), thresholds=thresholds, run_id=review.run_id, with_types=False
    )


def _point(review: Review, verdicts: list[str], *, reasons: Mapping[str, int], seed: int) -> GatePoint:
    passed = np.array([is_accepted(v) for v in verdicts], dtype=np.float64)
    hybrid = np.array([v == VerdictKind.ACCEPT_HYBRID for v in verdicts], dtype=bool)
    right = ((review.album_truth >= 0) & (review.album_top == review.album_truth)).astype(np.float64)
    part = np.column_stack([passed, passed * right])
    found = ratio_intervals(part, np.column_stack([np.ones(len(passed)), passed]), review.groups, seed=seed)
    rejected = review.comparable & (passed == 0)
    return GatePoint(
        coverage=float(found.value[0]),
        coverage_low=_plain(found.low[0]),
        coverage_high=_plain(found.high[0]),
        right=_plain(found.value[1]),
        right_low=_plain(found.low[1]),
        right_high=_plain(found.high[1]),
        n=len(verdicts),
        n_accepted=int(passed.sum()),
        n_hybrid=int(hybrid.sum()),
        hybrid_right=float(right[hybrid].mean()) if hybrid.any() else None,
        rejected_right=float(right[rejected].mean()) if rejected.any() else None,
        verdicts=dict(Counter(verdicts).most_common()),
        reasons=reasons,
    )


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
