"""Differences between two answers to the same rows, with what chance alone would do: whole groups are drawn and swapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

REPLICATES = 2000
FLIPS = 9999
# Up to so many groups every pattern of signs is tried, so that the p-value is exact and not drawn.
_MOST_ENUMERATED = 13
_CHUNK = 512
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class GroupSums:
    """Per-row values of m metrics summed by group: `first`, `second` and `counts` are (n_groups, m)."""

    first: np.ndarray
    second: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True, slots=True)
class PairedDifferences:
    """The second's mean less the first's: (m,) means, differences, 95 % bounds and p-values; NaN where a metric has no row."""

    first: np.ndarray
    second: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def group_sums(first: np.ndarray, second: np.ndarray, *, groups: np.ndarray) -> GroupSums:
    """The sums by group of two (n, m) tables of values; a row with NaN in either counts for neither. `groups` (n,) int ≥ 0."""
    known = np.isfinite(first) & np.isfinite(second)
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    tables = (np.where(known, first, 0.0), np.where(known, second, 0.0), known.astype(np.float64))
    summed = [np.zeros((n_groups, first.shape[1])) for _ in tables]
    for out, table in zip(summed, tables, strict=True):
        np.add.at(out, groups, table)
    return GroupSums(*summed)


def paired_differences(sums: GroupSums, *, seed: int) -> PairedDifferences:
    """Second less first for each metric, all on the same draws of groups.

    The interval is the percentile cluster bootstrap: groups drawn with replacement, as counts times group sums (Cameron,
    Gelbach & Miller 2008). The p-value is two-sided: under no difference the two answers to a group may be swapped, which
    flips the sign of its summed difference (`sign_flip_p`). Neither where a metric has fewer than two groups.
    """
    total = sums.counts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = sums.first.sum(axis=0) / total, sums.second.sum(axis=0) / total
        gap = sums.second - sums.first
        draws = _draws(len(gap), seed=seed)
        means = (draws @ gap) / (draws @ sums.counts)
    enough = (sums.counts > 0).sum(axis=0) >= 2
    bounds = np.full((2, len(total)), np.nan)
    if enough.any():
        bounds[:, enough] = np.nanquantile(means[:, enough], (0.025, 0.975), axis=0)
    p = np.where(enough, sign_flip_p(gap, seed=seed), np.nan)
    return PairedDifferences(first=first, second=second, difference=second - first, low=bounds[0], high=bounds[1], p=p)


def sign_flip_p(gap: np.ndarray, *, seed: int, flips: int = FLIPS) -> np.ndarray:
    """(m,) two-sided p-values of (n_groups, m) summed differences under random signs of whole groups.

    Up to 13 groups all 2ⁿ patterns are tried and p is the share that is at least as far from 0. Above that `flips` patterns
    are drawn and p = (1 + those at least as far) / (1 + flips), which is never 0 (Phipson & Smyth 2010).
    """
    n_groups = len(gap)
    observed = np.abs(gap.sum(axis=0))
    limit = observed - _ROUNDING * np.maximum(1.0, np.abs(gap).sum(axis=0))
    if n_groups <= _MOST_ENUMERATED:
        patterns = (np.arange(2**n_groups)[:, None] >> np.arange(n_groups)) & 1
        return np.asarray((np.abs((2.0 * patterns - 1.0) @ gap) >= limit).mean(axis=0))
    rng = np.random.default_rng(seed)
    far = np.zeros(gap.shape[1])
    for start in range(0, flips, _CHUNK):
        signs = 2.0 * rng.integers(0, 2, size=(min(_CHUNK, flips - start), n_groups), dtype=np.int8) - 1.0
        far += (np.abs(signs @ gap) >= limit).sum(axis=0)
    return np.asarray((1.0 + far) / (1.0 + flips))


def holm(p: np.ndarray) -> np.ndarray:
    """The p-values corrected for how many there are (Holm 1979), in their order; NaN stays NaN and counts for none."""
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    out[order] = np.minimum(1.0, np.maximum.accumulate(factors * p[order]))
    return out


def _draws(n_groups: int, *, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=REPLICATES).astype(np.float64)
