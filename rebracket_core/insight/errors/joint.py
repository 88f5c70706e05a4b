"""Which axis fails together with which, and whether the model knows it; types one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.insight.review import Review
from rebracket_core.rainbow import AXIS_NAMES, TYPE_NAMES
from rebracket_core.stats import ratio_intervals


@dataclass(frozen=True, slots=True)
class Failure:
    """A set of axes that are wrong together in `count` of the texts with one mode on every axis.

    `share` with its interval over songs; `apart` the share that would be expected if axes failed independently of each
    other; `probability` the mean of what the model gave its first album there, None where it gives none.
    """

    axes: tuple[str, ...]
    count: int
    share: float
    low: float
    high: float
    apart: float
    probability: float | None
    rows: np.ndarray


def joint_failures(review: Review, *, seed: int) -> list[Failure]:
    """The eight ways in which three axes are right or wrong, over the rows with one mode on each; none wrong first."""
    whole = np.flatnonzero((review.axis_truth >= 0).all(axis=1) & (review.axis_top >= 0).all(axis=1))
    if not len(whole):
        return []
    wrong = (review.axis_truth != review.axis_top)[whole]
    alone = wrong.mean(axis=0)
    codes = wrong @ np.array([1, 2, 4])
    hits = (codes[:, None] == np.arange(8)).astype(np.float64)
    ratios = ratio_intervals(hits, np.ones_like(hits), review.groups[whole], seed=seed)
    estimates = []
    for code in sorted(range(8), key=lambda k: (bin(k).count("1"), k)):
        bits = np.array([(code >> j) & 1 for j in range(3)], dtype=bool)
        at = whole[codes == code]
        p = review.probability[at]
        estimates.append(
            Failure(
                axes=tuple(axis for axis, bit in zip(AXIS_NAMES, bits.tolist(), strict=True) if bit),
                count=len(at),
                share=float(ratios.value[code]),
                low=float(ratios.low[code]),
                high=float(ratios.high[code]),
                apart=float(np.where(bits, alone, 1.0 - alone).prod()),
                probability=float(p.mean()) if len(p) and np.isfinite(p).all() else None,
                rows=at,
            )
        )
    return estimates


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One rebracketing type against all others: of `n` texts that have it `found` are found, `false` others are called it.

    `recall` and `precision` of what was predicted with intervals over songs; `average_precision` beside `prevalence`, which
    chance would reach. NaN where nothing was called it.
    """

    name: str
    n: int
    found: int
    false: int
    recall: float
    recall_low: float
    recall_high: float
    precision: float
    precision_low: float
    precision_high: float
    average_precision: float
    prevalence: float


def type_rows(review: Review, *, seed: int) -> list[TypeRow]:
    """The types that occur among the labelled rows, in the order of the table."""
    from sklearn.metrics import average_precision_score

    predictions = review.all_predictions()
    at = np.flatnonzero(predictions.types_labelled)
    if not len(at):
        return []
    truth, estimates = predictions.types_truth[at] > 0, predictions.types[at]
    predicted, groups = predictions.predicted_types[at] > 0, review.groups[at]
    both = (truth & predicted).astype(np.float64)
    recall = ratio_intervals(both, truth.astype(np.float64), groups, seed=seed)
    precision = ratio_intervals(both, predicted.astype(np.float64), groups, seed=seed)
    return [
        TypeRow(
            name=name,
            n=int(truth[:, k].sum()),
            found=int(both[:, k].sum()),
            false=int((predicted & ~truth)[:, k].sum()),
            recall=float(recall.value[k]),
            recall_low=float(recall.low[k]),
            recall_high=float(recall.high[k]),
            precision=float(precision.value[k]),
            precision_low=float(precision.low[k]),
            precision_high=float(precision.high[k]),
            average_precision=float(average_precision_score(truth[:, k], estimates[:, k])),
            prevalence=float(truth[:, k].mean()),
        )
        for k, name in enumerate(TYPE_NAMES)
        if truth[:, k].any()
    ]
