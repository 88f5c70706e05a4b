"""How far apart answers are, in pairs: within items and over all answers, for one table or for many resamples at once.

Krippendorff's observed and expected disagreement are sums of a distance over pairs. Both are linear or quadratic in how
often each item is drawn, so that a bootstrap over items is one matrix product and no loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rebracket_core.annotation.agreement.rating_arrays import WHOLE, Ratings
from rebracket_core.errors import InputError

MOST_IN_MATRIX = 5000
_BLOCK_CELLS = 2_000_000


class Distance(StrEnum):
    """What counts as how far apart, each from 0 (same) to 1."""

    NOMINAL = "nominal"
    TOTAL_VARIATION = "total variation"
    JENSEN_SHANNON = "Jensen-Shannon"
    MASI = "MASI"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distances of pairable ratings: `within` is (items,), Σ δ over ordered pairs of an item / (its answers − 1).

    `between` takes (b, items) counts of draws and gives (b,) sums of δ over all ordered pairs of answers drawn.
    """

    within: np.ndarray
    between: Callable[[np.ndarray], np.ndarray]


def pairs(ratings: Ratings, distance: Distance) -> Pairs:
    """The distances of ratings of which every item has two answers or more; see `Ratings.pairable`.

    Raises InputError where the Jensen-Shannon distance would need a matrix above 5,000 on a side.
    """
    measure = _MEASURES[distance]
    first, second, sizes = *_pairs_within(ratings), ratings.sizes
    sums = np.bincount(
        ratings.item[first], weights=measure(ratings.shares[first], ratings.shares[second]), minlength=len(sizes)
    )
    within = 2.0 * sums / (sizes - 1)
    between = _total_variation_between(ratings) if distance is Distance.TOTAL_VARIATION else _matrix_between(ratings, measure)
    return Pairs(within=within, between=between)


def distance_between(first: np.ndarray, second: np.ndarray, *, distance: Distance) -> np.ndarray:
    """The (n,) distances of (n, k) rows of shares to (n, k) others."""
    return _MEASURES[distance](first, second)


def _nominal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray((first != second).any(axis=-1), dtype=np.float64)


def _total_variation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(first - second).sum(axis=-1) / (2.0 * WHOLE))


_SHARE = np.arange(2 * WHOLE + 1) / (2.0 * WHOLE)
_PLOGP = np.where(_SHARE > 0, -_SHARE * np.log2(np.maximum(_SHARE, 1e-300)), 0.0)


def _jensen_shannon(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The root of the divergence in bits, which is a metric (Endres & Schindelin 2003), from a table of −p log p."""
    mixed = sum(_PLOGP[first[..., k] + second[..., k]] for k in range(first.shape[-1]))
    own = (_PLOGP[2 * first].sum(axis=-1) + _PLOGP[2 * second].sum(axis=-1)) / 2.0
    return np.asarray(np.sqrt(np.maximum(mixed - own, 0.0)))


def _masi(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """1 − Jaccard · monotonicity (Passonneau 2006), as NLTK's `masi_distance`; two empty sets are the same."""
    common = (first & second).sum(axis=-1)
    one, other = first.sum(axis=-1), second.sum(axis=-1)
    union = one + other - common
    same = (common == one) & (common == other)
    nested = common == np.minimum(one, other)
    monotone = np.select([same, nested, common > 0], [1.0, 2.0 / 3.0, 1.0 / 3.0], 0.0)
    return np.asarray(np.where(union == 0, 0.0, 1.0 - common / np.maximum(union, 1) * monotone))


_MEASURES: dict[Distance, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    Distance.NOMINAL: _nominal,
    Distance.TOTAL_VARIATION: _total_variation,
    Distance.JENSEN_SHANNON: _jensen_shannon,
    Distance.MASI: _masi,
}


def _pairs_within(ratings: Ratings) -> tuple[np.ndarray, np.ndarray]:
    """The positions of both answers of every unordered pair that shares an item."""
    sizes = ratings.sizes
    ends = np.repeat(np.cumsum(sizes), sizes)
    after = ends - np.arange(len(ratings)) - 1
    first = np.repeat(np.arange(len(ratings)), after)
    start = np.repeat(np.cumsum(after) - after, after)
    return first, first + 1 + (np.arange(len(first)) - start)


def _total_variation_between(ratings: Ratings) -> Callable[[np.ndarray], np.ndarray]:
    """Exact at any size: Σ |a − b| over all pairs is 2 Σ F·(n − F) over the 1,000 steps of the cumulative counts F."""
    from scipy.sparse import csr_array

    levels = [
        csr_array((np.ones(len(ratings)), (ratings.item, column)), shape=(len(ratings.items), WHOLE + 1))
        for column in ratings.shares.T
    ]

    def between(draws: np.ndarray) -> np.ndarray:
        total = np.zeros(len(draws))
        for level in levels:
            below = np.cumsum((level.T @ draws.T).T, axis=1)
            total += 2.0 * (below[:, :-1] * (below[:, -1:] - below[:, :-1])).sum(axis=1)
        return total / (2.0 * WHOLE)

    return between


def _matrix_between(
    ratings: Ratings, measure: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Callable[[np.ndarray], np.ndarray]:
    """Through a matrix of distances between the different answers, or, where those are more, between items."""
    from scipy.sparse import csr_array

    values, which = np.unique(ratings.shares, axis=0, return_inverse=True)
    n_items, n_values = len(ratings.items), len(values)
    if min(n_items, n_values) > MOST_IN_MATRIX:
        raise InputError(
            "There are too many different answers for this distance.",
            expected=f"at most {MOST_IN_MATRIX:,} items or different answers",
            found=f"{n_items:,} items and {n_values:,} different answers",
            hint="use the total variation distance, which has no limit",
        )
    member = csr_array((np.ones(len(ratings)), (ratings.item, which.reshape(-1))), shape=(n_items, n_values))
    by_item = n_values > n_items
    side = n_items if by_item else n_values
    matrix, step = np.zeros((side, side)), max(1, _BLOCK_CELLS // n_values)
    for start in range(0, n_values, step):
        block = measure(values[start : start + step, None, :], values[None, :, :])
        if by_item:
            matrix += member[:, start : start + step] @ (member @ block.T).T
        else:
            matrix[start : start + step] = block

    def between(draws: np.ndarray) -> np.ndarray:
        counts = draws if by_item else (member.T @ draws.T).T
        return np.asarray(((counts @ matrix) * counts).sum(axis=1))

    return between
