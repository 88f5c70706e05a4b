"""Axes as directions in embedding space: is the way from past to future another one than that from thing to place?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from rebracket_core.insight.geometry.centroids import Units, cross_gram, inner_products
from rebracket_core.rainbow import AXIS_NAMES, MODES, N_MODES
from rebracket_core.stats import group_codes, group_draws

SAME = 0.9
_DRAWS = 200
_SHUFFLES = 199


@dataclass(frozen=True, slots=True)
class AxisPair:
    """Two axes: the cosine between the directions of their modes, matched as well as they can be.

    `cosine` is 1 where both split the texts in one way and 0 where they have nothing to do with each other, with its 95 %
    interval over songs; `p` is how often shuffled labels of the second axis go as well with the first. `match` pairs each mode
    of the first with one of the second. `labels_agree` is the share of texts whose two labels are such a pair.
    """

    first: str
    second: str
    cosine: float
    low: float
    high: float
    p: float
    match: tuple[tuple[str, str], ...]
    labels_agree: float
    n: int
    n_groups: int

    @property
    def one_direction(self) -> bool:
        """Whether the two axes are one and the same direction as far as these labels go."""
        return self.low >= SAME


@dataclass(frozen=True, slots=True)
class AxisAngles:
    """The pairs of axes, and the cosine between the directions of any two of the nine modes, (9, 9), NaN where unknown.

    The direction of a mode leads from the mean of its axis' three centres to its own.
    """

    pairs: tuple[AxisPair, ...]
    cosines: np.ndarray
    modes: tuple[str, ...]


def axis_angles(vectors: np.ndarray, axis_truth: np.ndarray, groups: np.ndarray, *, seed: int) -> AxisAngles:
    """The angles between the axes' directions for (n, d) vectors with (n, 3) modes, -1 where a text has not exactly one.

    All products are of texts of different songs (unbiased, see `centroids`). Pairs rest on the texts with both modes.
    """
    pairs = []
    cosines = np.full((len(AXIS_NAMES) * N_MODES,) * 2, np.nan)
    for i in range(len(AXIS_NAMES)):
        for j in range(i + 1, len(AXIS_NAMES)):
            at = np.flatnonzero((axis_truth[:, i] >= 0) & (axis_truth[:, j] >= 0))
            found = _pair(vectors[at], axis_truth[at][:, [i, j]], np.asarray(groups, dtype=str)[at], axes=(i, j), seed=seed)
            if found is None:
                continue
            pair, table = found
            pairs.append(pair)
            a, b = slice(i * N_MODES, (i + 1) * N_MODES), slice(j * N_MODES, (j + 1) * N_MODES)
            cosines[a, b], cosines[b, a] = table, table.T
    names = tuple(mode for axis in AXIS_NAMES for mode in MODES[axis])
    return AxisAngles(tuple(pairs), cosines, names)


def _pair(
    vectors: np.ndarray, modes: np.ndarray, groups: np.ndarray, *, axes: tuple[int, int], seed: int
) -> tuple[AxisPair, np.ndarray] | None:
    codes = group_codes(groups)
    songs = [[len(set(codes[modes[:, k] == m].tolist())) for m in range(N_MODES)] for k in (0, 1)]
    if not len(codes) or min(map(min, songs)) < 2:
        return None
    units, member = _units(vectors, modes, codes)
    gram = cross_gram(units)
    table = _cosines(inner_products(gram, units, member))
    match = _best(table)
    names, song = np.unique(units.group, return_inverse=True)
    draws = group_draws(len(names), seed=seed, replicates=_DRAWS)[:, song]
    drawn = np.array([_matched(_cosines(inner_products(gram, units, w[:, None] * member)), match) for w in draws])
    low, high = np.nanquantile(drawn, (0.025, 0.975)) if np.isfinite(drawn).any() else (np.nan, np.nan)
    rng = np.random.default_rng(seed)
    observed = _going_together(inner_products(gram, units, member))
    as_well = sum(_shuffled(gram, units, member, rng=rng) >= observed - 1e-12 for _ in range(_SHUFFLES))
    first, second = (AXIS_NAMES[k] for k in axes)
    agree = np.mean([match[int(a)] == int(b) for a, b in modes])
    pair = AxisPair(
        first=first,
        second=second,
        cosine=_matched(table, match),
        low=float(low),
        high=float(high),
        p=(1 + as_well) / (1 + _SHUFFLES),
        match=tuple((MODES[first][a], MODES[second][b]) for a, b in enumerate(match)),
        labels_agree=float(agree),
        n=len(codes),
        n_groups=len(names),
    )
    return pair, table


def _units(vectors: np.ndarray, modes: np.ndarray, codes: np.ndarray) -> tuple[Units, np.ndarray]:
    """One unit for each pair of modes in each song, and its (m, 6) membership in both axes' modes."""
    keys, inverse = np.unique(codes * 9 + modes[:, 0] * 3 + modes[:, 1], return_inverse=True)
    sums = np.zeros((len(keys), vectors.shape[1]))
    np.add.at(sums, inverse, vectors.astype(np.float64))
    counts = np.bincount(inverse, minlength=len(keys)).astype(np.float64)
    units = Units(sums / counts[:, None], keys % 9, keys // 9, 9)
    first, second = (keys % 9) // 3, keys % 3
    return units, np.column_stack([first[:, None] == np.arange(3), second[:, None] == np.arange(3)]).astype(np.float64)


def _around(products: np.ndarray) -> np.ndarray:
    """(6, 6) products of the modes' directions from those of their centres."""
    centre = np.kron(np.eye(2), np.eye(3) - 1.0 / 3.0)
    return np.asarray(centre @ products @ centre.T)


def _cosines(products: np.ndarray) -> np.ndarray:
    """(3, 3) cosines between the modes' directions of two axes from the (6, 6) products of the modes' centres."""
    around = _around(products)
    own = np.diagonal(around)
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(np.where(own > 0, own, np.nan))
        return np.asarray(around[:3, 3:] / np.outer(root[:3], root[3:]))


def _best(table: np.ndarray) -> tuple[int, ...]:
    """For each mode of the first axis the mode of the second, all different, with the highest mean."""
    return max(permutations(range(3)), key=lambda p: np.nan_to_num([table[a, b] for a, b in enumerate(p)]).mean())


def _matched(table: np.ndarray, match: tuple[int, ...]) -> float:
    return float(np.mean([table[a, b] for a, b in enumerate(match)]))


def _going_together(products: np.ndarray) -> float:
    """How far two axes go the same way, as a product and not a cosine: of shuffled labels a cosine is not defined."""
    table = _around(products)[:3, 3:]
    return _matched(table, _best(table))


def _shuffled(gram: np.ndarray, units: Units, member: np.ndarray, *, rng: np.random.Generator) -> float:
    dealt = np.column_stack([member[:, :3], member[rng.permutation(len(member)), 3:]])
    return _going_together(inner_products(gram, units, dealt))
