"""Precision, recall and F1 of classes that a text may have one or several of, each with an interval over songs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.stats.cells import group_codes, group_draws, sums_by_group

AVERAGES = ("macro", "micro", "weighted")
FIGURES = ("precision", "recall", "f1")
_QUANTILES = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Estimates:
    """Figures with their 95 % bounds, arrays of one shape; NaN where a figure or an interval is not defined."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """What n texts' predictions over K classes are worth.

    `per_class` (K, 3) and `averages` (3, 3) hold precision, recall and F1, `averages` in the order macro, micro, weighted;
    `drawn` (R, 3, 3) the averages on R draws of groups, the same draws for all predictions of the same rows. Macro and
    weighted averages run over the classes that some text has, `present` (K,); a class that is never predicted has precision
    0, as in scikit-learn with `zero_division=0`.
    """

    per_class: Estimates
    averages: Estimates
    drawn: np.ndarray
    present: np.ndarray

    def difference(self, other: ClassFigures) -> Estimates:
        """(3, 3) these averages less those of other predictions for the same rows, on the same draws of groups."""
        return Estimates(self.averages.value - other.averages.value, *_bounds(self.drawn - other.drawn))


def class_scores(truth: np.ndarray, predicted: np.ndarray, groups: np.ndarray, *, seed: int) -> ClassFigures:
    """The figures of (n, K) bool predictions against (n, K) bool labels, with whole `groups` (n,) drawn again, 2,000 times.

    No interval below two groups.
    """
    truth, predicted, codes = truth.astype(bool), predicted.astype(bool), group_codes(groups)
    sums = [sums_by_group(t, codes) for t in (truth & predicted, ~truth & predicted, truth & ~predicted)]
    present: np.ndarray = np.asarray(truth.any(axis=0))
    own = [s.sum(axis=0)[None] for s in sums]
    per_class, averages = _figures(*own, present=present)
    draws = group_draws(len(sums[0]), seed=seed)
    drawn_classes, drawn = _figures(*(draws @ s for s in sums), present=present)
    if len(sums[0]) < 2:
        drawn_classes, drawn = np.full_like(drawn_classes, np.nan), np.full_like(drawn, np.nan)
    return ClassFigures(
        Estimates(per_class[0], *_bounds(drawn_classes)), Estimates(averages[0], *_bounds(drawn)), drawn, present
    )


def _figures(hits: np.ndarray, false: np.ndarray, missed: np.ndarray, *, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(R, K, 3) figures of the classes and (R, 3, 3) of the averages, from (R, K) counts; NaN for an absent class."""
    per_class = _of_counts(hits, false, missed)
    there = (hits + missed) > 0  # in this draw
    per_class[~there] = np.nan
    support = np.where(there, hits + missed, 0.0)[:, present]
    shown = np.nan_to_num(per_class[:, present])
    with np.errstate(invalid="ignore", divide="ignore"):
        macro = shown.sum(axis=1) / there[:, present].sum(axis=1)[:, None]
        weighted = (shown * support[..., None]).sum(axis=1) / support.sum(axis=1)[:, None]
    micro = _of_counts(hits.sum(axis=1), false.sum(axis=1), missed.sum(axis=1))
    return per_class, np.stack([macro, micro, weighted], axis=1)


def _of_counts(hits: np.ndarray, false: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """(..., 3) precision, recall and F1 of counts, 0 where the divisor is 0."""
    parts = [(hits, hits + false), (hits, hits + missed), (2.0 * hits, 2.0 * hits + false + missed)]
    return np.stack([np.divide(a, b, out=np.zeros_like(b, dtype=np.float64), where=b > 0) for a, b in parts], axis=-1)


def _bounds(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % percentile bounds over the first axis; NaN where no draw has a number."""
    some = np.isfinite(drawn).any(axis=0)
    low, high = np.full(some.shape, np.nan), np.full(some.shape, np.nan)
    if some.any():
        low[some], high[some] = np.nanquantile(drawn[:, some], _QUANTILES, axis=0)
    return low, high


@dataclass(frozen=True, slots=True)
class RankingFigures:
    """How well (n,) probabilities order texts: `value`, `low` and `high` are (2,) each, AUC before average precision."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def ranking_figures(
    truth: np.ndarray, p: np.ndarray, groups: np.ndarray, *, seed: int, replicates: int = 1000
) -> RankingFigures:
    """AUC and average precision of probabilities (n,) against (n,) bool labels, with whole `groups` drawn again.

    Equal probabilities are one step, as in scikit-learn. NaN where all labels are the same; no interval below two groups.
    """
    truth, codes = np.asarray(truth, dtype=bool), group_codes(groups)
    if not truth.any() or truth.all():
        nothing = np.full(2, np.nan)
        return RankingFigures(nothing, nothing, nothing)
    order = np.argsort(-p, kind="stable")
    ends = np.append(np.diff(p[order]) != 0, True)
    own = _ranked(np.ones((1, len(p))), truth[order], ends)[0]
    n_groups = int(codes.max()) + 1
    if n_groups < 2:
        return RankingFigures(own, np.full(2, np.nan), np.full(2, np.nan))
    draws = group_draws(n_groups, seed=seed, replicates=replicates)
    step = max(1, 4_000_000 // len(p))
    parts = [_ranked(draws[k : k + step][:, codes[order]], truth[order], ends) for k in range(0, len(draws), step)]
    return RankingFigures(own, *_bounds(np.concatenate(parts)))


def _ranked(weight: np.ndarray, truth: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """(R, 2) AUC and average precision of rows in order of falling probability, counted (R, n) times each."""
    hits = np.cumsum(weight * truth, axis=1)[:, ends]
    false = np.cumsum(weight * ~truth, axis=1)[:, ends]
    found, wrong = np.diff(hits, axis=1, prepend=0.0), np.diff(false, axis=1, prepend=0.0)
    all_hits, all_false = hits[:, -1:], false[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        area = (wrong * (hits - found / 2.0)).sum(axis=1) / (all_hits * all_false)[:, 0]
        precision = np.divide(hits, hits + false, out=np.zeros_like(hits), where=(hits + false) > 0)
        average = (found * precision).sum(axis=1) / all_hits[:, 0]
    return np.stack([area, np.where(all_hits[:, 0] > 0, average, np.nan)], axis=1)
