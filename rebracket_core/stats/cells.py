"""Many shares at once, each with an interval over songs: the cells of a table, the slices of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

REPLICATES = 2000
_Z = 1.96  # the normal quantile of a 95 % interval


@dataclass(frozen=True, slots=True)
class Ratios:
    """m shares Σ part / Σ whole: (m,) values and 95 % bounds (NaN where the whole is 0), and the groups each rests on."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_groups: np.ndarray


def group_codes(groups: np.ndarray) -> np.ndarray:
    """(n,) int64 from 0 on: the same number for rows of the same group."""
    return np.asarray(np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1], dtype=np.int64).reshape(-1)


def merged_groups(first: Sequence[str], second: Sequence[str]) -> np.ndarray:
    """(n,) int: rows that either run keeps together are one group, so that no group is drawn apart from its like."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(first):
        return np.zeros(0, dtype=np.int64)
    _, one = np.unique(np.asarray(first, dtype=str), return_inverse=True)
    _, two = np.unique(np.asarray(second, dtype=str), return_inverse=True)
    n_one, n = int(one.max()) + 1, int(one.max()) + int(two.max()) + 2
    links = coo_array((np.ones(len(one)), (one, n_one + two)), shape=(n, n))
    _, component = connected_components(links, directed=False)
    return np.asarray(component[one], dtype=np.int64)


def sums_by_group(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(n_groups, m) sums of (n, m) values over the rows of each group."""
    out = np.zeros((int(codes.max()) + 1 if len(codes) else 0, values.shape[1]))
    np.add.at(out, codes, values.astype(np.float64))
    return out


def group_draws(n_groups: int, *, seed: int, replicates: int = REPLICATES) -> np.ndarray:
    """(replicates, n_groups) float64: how often each group is drawn when as many are drawn with replacement."""
    shares = np.full(n_groups, 1.0 / n_groups)
    return np.random.default_rng(seed).multinomial(n_groups, shares, size=replicates).astype(np.float64)


def ratio_intervals(part: np.ndarray, whole: np.ndarray, groups: np.ndarray, *, seed: int, shares: bool = True) -> Ratios:
    """The m shares of (n, m) parts in (n, m) wholes, with percentile intervals over groups drawn again (cluster bootstrap).

    Where every group says the same, 0 or 1, drawing shows no spread; the interval is then Wilson's with each group counted
    as one text, so that nothing is ever shown as certain because few songs agree. `shares` False leaves that out, for means
    that are no shares. No interval below two groups.
    """
    codes = group_codes(groups)
    if not len(codes):
        nothing = np.full(part.shape[1], np.nan)
        return Ratios(nothing, nothing, nothing, np.zeros(part.shape[1], dtype=np.int64))
    parts, wholes = sums_by_group(part, codes), sums_by_group(whole, codes)
    n_groups = (wholes > 0).sum(axis=0)
    draws = group_draws(len(parts), seed=seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = parts.sum(axis=0) / wholes.sum(axis=0)
        drawn = (draws @ parts) / (draws @ wholes)
    low, high = np.full(len(value), np.nan), np.full(len(value), np.nan)
    enough = n_groups >= 2
    if enough.any():
        low[enough], high[enough] = np.nanquantile(drawn[:, enough], (0.025, 0.975), axis=0)
    one_voice = shares & enough & ((value <= 0.0) | (value >= 1.0))
    wide = [wilson(float(v), int(g)) for v, g in zip(value[one_voice], n_groups[one_voice], strict=True)]
    if wide:
        low[one_voice], high[one_voice] = np.array(wide).T
    return Ratios(value, low, high, n_groups)


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share of `count` independent trials; (0, 1) for none."""
    if count <= 0:
        return 0.0, 1.0
    z2 = _Z**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    reach = _Z * np.sqrt(share * (1 - share) / count + z2 / (4 * count)) / (1 + z2)
    return float(max(0.0, middle - reach)), float(min(1.0, middle + reach))


@dataclass(frozen=True, slots=True)
class SimultaneousDifferences:
    """m differences of shares whose intervals hold all at once: (m,) values, bounds and p-values corrected for m."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def simultaneous_differences(
    hit: np.ndarray, inside: np.ndarray, groups: np.ndarray, *, seed: int, replicates: int = REPLICATES
) -> SimultaneousDifferences:
    """Share hit inside less share hit outside, for m sets of rows, with 95 % intervals that hold for all m together.

    `hit` (n,), `inside` (n, m) bool. Groups are drawn again; the largest studentised deviation of a draw over all sets gives
    one factor for all intervals and the corrected p-values (single-step maxT, Westfall & Young 1993). NaN where a set or its
    rest has no row.
    """
    codes, inside = group_codes(groups), inside.astype(np.float64)
    hits = hit.astype(np.float64)[:, None]
    tables = [sums_by_group(t, codes) for t in (hits * inside, inside, hits * (1 - inside), 1 - inside)]
    draws = group_draws(len(tables[0]), seed=seed, replicates=replicates)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = [t.sum(axis=0) for t in tables]
        value = own[0] / own[1] - own[2] / own[3]
        drawn = [draws @ t for t in tables]
        gaps = drawn[0] / drawn[1] - drawn[2] / drawn[3]
        spread = np.nanstd(gaps, axis=0)
        known = np.isfinite(value) & (spread > 0)
        if not known.any():
            nothing = np.full(len(value), np.nan)
            return SimultaneousDifferences(value, nothing, nothing, nothing)
        far = np.nanmax(np.abs(gaps[:, known] - value[known]) / spread[known], axis=1)
    factor = float(np.quantile(far, 0.95))
    p = np.full(len(value), np.nan)
    observed = np.abs(value[known]) / spread[known]
    p[known] = (1.0 + (far[:, None] >= observed[None]).sum(axis=0)) / (1.0 + len(far))
    reach = np.where(known, factor * spread, np.nan)
    return SimultaneousDifferences(value, value - reach, value + reach, p)
