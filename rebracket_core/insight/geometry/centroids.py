"""Centres of labels in embedding space, compared only across different songs, so that few texts do not look remote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.stats import group_codes, group_draws, holm

PERMUTATIONS = 999
BOOTSTRAP = 500
MOST_UNITS = 1500


@dataclass(frozen=True, slots=True)
class Units:
    """m centres, one for each label in each song: `mean` (m, d), `label` (m,) int from 0 to n_labels - 1, `group` (m,) int."""

    mean: np.ndarray
    label: np.ndarray
    group: np.ndarray
    n_labels: int

    @property
    def n_groups(self) -> np.ndarray:
        """(n_labels,) the songs of each label."""
        return np.bincount(self.label, minlength=self.n_labels)


def make_units(vectors: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, n_labels: int, seed: int) -> Units:
    """The units of (n, d) vectors with (n,) labels, -1 for none. Above 1,500 units songs are left out at random."""
    codes = group_codes(groups)
    at = np.flatnonzero(labels >= 0)
    keys, inverse = np.unique(codes[at] * n_labels + labels[at], return_inverse=True)
    sums = np.zeros((len(keys), vectors.shape[1]))
    np.add.at(sums, inverse, vectors[at].astype(np.float64))
    mean = sums / np.bincount(inverse, minlength=len(keys))[:, None]
    units = Units(mean=mean, label=keys % n_labels, group=keys // n_labels, n_labels=n_labels)
    if len(keys) <= MOST_UNITS:
        return units
    order = np.random.default_rng(seed).permutation(np.unique(units.group))
    share = MOST_UNITS / len(keys)
    kept = np.isin(units.group, order[: int(len(order) * share)])
    return Units(mean[kept], units.label[kept], units.group[kept], n_labels)


def cross_gram(units: Units) -> np.ndarray:
    """(m, m) inner products of the units, 0 within a song: what is never to be multiplied is never there."""
    gram = units.mean @ units.mean.T
    gram[units.group[:, None] == units.group[None]] = 0.0
    return np.asarray(gram)


def inner_products(gram: np.ndarray, units: Units, members: np.ndarray) -> np.ndarray:
    """(..., L, L) unbiased estimates of the products of the labels' true centres, from pairs of different songs alone.

    `members` (..., m, L) weighs each unit in each label; NaN where two labels have no pair of different songs. This is what
    averaging over all splits of the songs into disjoint halves comes to: noise of one half never meets itself.
    """
    apart = (units.group[:, None] != units.group[None]).astype(np.float64)
    turned = np.swapaxes(members, -1, -2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((turned @ gram @ members) / (turned @ apart @ members))


def members_of(labels: np.ndarray, n_labels: int) -> np.ndarray:
    """(..., m, L) float64: 1 where a unit has a label; `labels` (..., m)."""
    return np.asarray(labels[..., None] == np.arange(n_labels), dtype=np.float64)


def shuffled_labels(units: Units, rng: np.random.Generator, *, times: int) -> np.ndarray:
    """(times, m) labels that are as likely as the true ones if labels meant nothing.

    Songs with several labels swap them among their own units; songs with one label swap with each other.
    """
    sizes = np.bincount(units.group)
    alone = sizes[units.group] == 1
    block = np.where(alone, -1, units.group)  # all songs with one label are one block
    place = np.argsort(block, kind="stable")
    order = np.argsort(block + rng.random((times, len(block))), axis=1)
    out = np.empty((times, len(block)), dtype=np.int64)
    out[:, place] = units.label[order]
    return out


@dataclass(frozen=True, slots=True)
class Distances:
    """Squared distances between the centres of L labels, unbiased, so that they may be below 0 where there is no distance.

    `squared` (L, L), NaN where a label has too few songs; `p` (L, L) corrected permutation p-values; `n_groups` (L,).
    `naive` (L, L) are the plain distances between the sample's centres, for comparison.
    """

    squared: np.ndarray
    p: np.ndarray
    n_groups: np.ndarray
    naive: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """(L, L) distances: the root where the square is above 0, else 0."""
        return np.asarray(np.sqrt(np.maximum(self.squared, 0.0)))


def centroid_distances(units: Units, *, seed: int, permutations: int = PERMUTATIONS) -> Distances:
    """Distances between all pairs of labels, each with the share of shuffles that lie at least as far apart (Holm)."""
    gram, size = cross_gram(units), units.n_labels
    squared = squares(inner_products(gram, units, members_of(units.label, size)))
    enough = units.n_groups >= 2
    squared[~np.outer(enough, enough)] = np.nan
    p = np.full((size, size), np.nan)
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size) if np.isfinite(squared[a, b])]
    for a, b in pairs:
        p[a, b] = p[b, a] = _pair_p(units, a, b, observed=squared[a, b], rng=rng, permutations=permutations)
    if pairs:
        rows, columns = np.array(pairs).T
        p[rows, columns] = p[columns, rows] = holm(p[rows, columns])
    nowhere = np.full(units.mean.shape[1], np.nan)
    centres = np.array([units.mean[units.label == k].mean(axis=0) if enough[k] else nowhere for k in range(size)])
    naive = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    return Distances(squared=squared, p=p, n_groups=units.n_groups, naive=naive)


def _pair_p(units: Units, a: int, b: int, *, observed: float, rng: np.random.Generator, permutations: int) -> float:
    at = np.flatnonzero((units.label == a) | (units.label == b))
    two = Units(units.mean[at], (units.label[at] == b).astype(np.int64), np.unique(units.group[at], return_inverse=True)[1], 2)
    gram, far = cross_gram(two), 0
    for start in range(0, permutations, 100):
        labels = shuffled_labels(two, rng, times=min(100, permutations - start))
        drawn = squares(inner_products(gram, two, members_of(labels, 2)))[:, 0, 1]
        far += int((drawn >= observed - 1e-12).sum())
    return (1 + far) / (1 + permutations)


def squares(products: np.ndarray) -> np.ndarray:
    """(..., L, L) squared distances of (..., L, L) inner products."""
    own = np.diagonal(products, axis1=-2, axis2=-1)
    return np.asarray(own[..., :, None] + own[..., None, :] - 2.0 * products)


def drawn_products(units: Units, *, seed: int, replicates: int = BOOTSTRAP) -> np.ndarray:
    """(replicates, L, L) inner products when songs are drawn with replacement; a song never meets itself."""
    gram = cross_gram(units)
    names, codes = np.unique(units.group, return_inverse=True)
    weights = group_draws(len(names), seed=seed, replicates=replicates)[:, codes]
    one = members_of(units.label, units.n_labels)
    return np.concatenate([inner_products(gram, units, weights[k : k + 20, :, None] * one) for k in range(0, replicates, 20)])
