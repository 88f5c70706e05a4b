"""Does Black → … → White lie on a line? Steps between centres, compared only across different songs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rebracket_core.insight.geometry.centroids import (
    Units,
    cross_gram,
    drawn_products,
    inner_products,
    members_of,
    shuffled_labels,
    squares,
)

PERMUTATIONS = 499
LEVEL = 0.05
SHARP = 0.5  # the cosine of 60 degrees


class Shape(StrEnum):
    """What the centres of labels in a given order make."""

    LINE = "a line"
    BENT = "a bent path"
    WALK = "no direction"
    NOISE = "no path at all"
    OPEN = "cannot be told"


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The path through the centres of `labels` in their order.

    `cosine` is that between consecutive steps, pooled, with a 95 % interval over songs: 1 for a line, `half_circle` for a half
    circle through as many points, 0 for a walk. `cosines` holds that of each turn (NaN where a step has no length).
    `lengths` are the squared steps, unbiased; `p` the permutation p-value of there being any step. `straightness` is the
    squared distance from end to end over the squared length of the path. All but `shape`, `p` and `lengths` are NaN for noise.
    """

    labels: tuple[int, ...]
    shape: Shape
    cosine: float
    low: float
    high: float
    half_circle: float
    cosines: np.ndarray
    lengths: np.ndarray
    straightness: float
    p: float


def trajectory(units: Units, *, seed: int) -> Trajectory:
    """The path through the labels that have at least two songs, in the order of their numbers; three are needed.

    A line: the whole interval lies above a half circle's cosine. No direction: it lies below 0.5, so that steps turn by more
    than 60 degrees. Bent: it lies below 1. Else it cannot be told. No path at all: the steps are no longer than when labels
    are shuffled between songs.
    """
    labels = tuple(np.flatnonzero(units.n_groups >= 2).tolist())
    turn = float(np.cos(np.pi / max(2, len(labels) - 1)))
    gram = cross_gram(units)
    products = inner_products(gram, units, members_of(units.label, units.n_labels))
    nothing = np.full(max(0, len(labels) - 2), np.nan)
    if len(labels) < 3 or not np.isfinite(products[np.ix_(labels, labels)]).all():
        none = float("nan")
        return Trajectory(labels, Shape.OPEN, none, none, none, turn, nothing, np.zeros(0), none, none)
    lengths, dots = _steps(products, labels)
    p = _any_step(units, gram, labels, observed=float(lengths.sum()), seed=seed)
    if p >= LEVEL:
        none = float("nan")
        return Trajectory(labels, Shape.NOISE, none, none, none, turn, nothing, lengths, none, p)
    drawn = drawn_products(units, seed=seed)
    drawn_lengths, drawn_dots = _steps(drawn, labels)
    cosine = float(_pooled(lengths, dots))
    drawn_cosines = _pooled(drawn_lengths, drawn_dots)
    low, high = (float(v) for v in np.nanquantile(drawn_cosines, (0.025, 0.975)))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = dots / np.sqrt(np.where(lengths > 0, lengths, np.nan)[:-1] * np.where(lengths > 0, lengths, np.nan)[1:])
    ends = float(squares(products)[labels[0], labels[-1]])
    return Trajectory(
        labels=labels,
        shape=_shape(low, high, turn=turn),
        cosine=cosine,
        low=low,
        high=high,
        half_circle=turn,
        cosines=cosines,
        lengths=lengths,
        straightness=ends / float(np.sqrt(np.maximum(lengths, 0.0)).sum()) ** 2,
        p=p,
    )


def _shape(low: float, high: float, *, turn: float) -> Shape:
    if low > turn:
        return Shape.LINE
    if high < SHARP:
        return Shape.WALK
    return Shape.BENT if high < 1.0 else Shape.OPEN


def _steps(products: np.ndarray, labels: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(..., K-1) squared steps and (..., K-2) products of consecutive steps."""
    m = products[..., labels, :][..., labels]
    k = np.arange(len(labels) - 1)
    lengths = m[..., k, k] + m[..., k + 1, k + 1] - 2.0 * m[..., k, k + 1]
    k = k[:-1]
    dots = m[..., k + 1, k + 2] - m[..., k + 1, k + 1] - m[..., k, k + 2] + m[..., k, k + 1]
    return lengths, dots


def _pooled(lengths: np.ndarray, dots: np.ndarray) -> np.ndarray:
    root = np.sqrt(np.maximum(lengths, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(dots.sum(axis=-1) / (root[..., :-1] * root[..., 1:]).sum(axis=-1))


def _any_step(units: Units, gram: np.ndarray, labels: tuple[int, ...], *, observed: float, seed: int) -> float:
    rng, far = np.random.default_rng(seed), 0
    for start in range(0, PERMUTATIONS, 50):
        drawn = shuffled_labels(units, rng, times=min(50, PERMUTATIONS - start))
        lengths, _ = _steps(inner_products(gram, units, members_of(drawn, units.n_labels)), labels)
        far += int((lengths.sum(axis=-1) >= observed - 1e-12).sum())
    return (1 + far) / (1 + PERMUTATIONS)
