"""Measures of how unlike the training texts a vector is: each is fitted once and scored with numpy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np

COMPONENTS = 64
FOLDS = 10
_BLOCK = 1024


class Measure(Protocol):
    """A fitted measure; a higher score means less like the training texts."""

    name: ClassVar[str]

    def score(self, vectors: np.ndarray) -> np.ndarray:
        """(m,) float64 scores of (m, d) unit rows."""
        ...

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What `from_arrays` needs, by name."""
        ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Mean cosine distance to the k nearest training texts."""

    vectors: np.ndarray
    k: int
    _wide: np.ndarray = field(init=False, repr=False, compare=False)  # made once: a copy at each call takes longer than it all
    name: ClassVar[str] = "neighbours"

    def __post_init__(self) -> None:
        object.__setattr__(self, "_wide", self.vectors.astype(np.float64))

    def score(self, vectors: np.ndarray) -> np.ndarray:
        """(m,) float64 mean distances of (m, d) unit rows, from 0 to 2."""
        return nearest(vectors, self._wide, k=self.k)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """`vectors` (n, d) of the training rows and `k` (1,)."""
        return {"vectors": self.vectors, "k": np.array([self.k], dtype=np.int64)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Neighbours:
        """The measure that `to_arrays` wrote."""
        return cls(vectors=arrays["vectors"], k=int(arrays["k"][0]))


@dataclass(frozen=True, slots=True)
class Mahalanobis:
    """Distance from the mean in units of the spread.

    The covariance is shrunk on the main components and one variance stands for the rest; without the rest the measure
    is blind to the very directions that the training texts never use.
    """

    mean: np.ndarray
    components: np.ndarray
    precision: np.ndarray
    rest: float
    name: ClassVar[str] = "mahalanobis"

    def score(self, vectors: np.ndarray) -> np.ndarray:
        """(m,) float64 distances of (m, d) rows."""
        centred = np.asarray(vectors, dtype=np.float64) - self.mean
        inside = centred @ self.components.T
        main = np.einsum("ij,jk,ik->i", inside, self.precision, inside)
        outside = np.maximum((centred**2).sum(axis=1) - (inside**2).sum(axis=1), 0.0)
        return np.sqrt(np.maximum(main + outside / self.rest, 0.0))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """`mean` (d,), `components` (c, d), `precision` (c, c) and `rest` (1,), the variance outside the components."""
        return {
            "mean": self.mean,
            "components": self.components,
            "precision": self.precision,
            "rest": np.array([self.rest], dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Mahalanobis:
        """The measure that `to_arrays` wrote."""
        return cls(arrays["mean"], arrays["components"], arrays["precision"], float(arrays["rest"][0]))

    @classmethod
    def fit(cls, vectors: np.ndarray) -> Mahalanobis:
        """The measure of (n, d) training vectors (Ledoit-Wolf shrinkage of the covariance on 64 components)."""
        from sklearn.covariance import LedoitWolf

        rows = np.asarray(vectors, dtype=np.float64)
        mean = rows.mean(axis=0)
        keep = max(1, min(COMPONENTS, len(rows) - 2, rows.shape[1] - 1))
        components = np.linalg.svd(rows - mean, full_matrices=False)[2][:keep]
        inside = (rows - mean) @ components.T
        covariance = LedoitWolf(assume_centered=True).fit(inside).covariance_
        left = ((rows - mean) ** 2).sum() - (inside**2).sum()
        rest = max(left / (len(rows) * max(rows.shape[1] - keep, 1)), 1e-6)
        return cls(mean=mean, components=components, precision=np.linalg.pinv(covariance), rest=float(rest))


@dataclass(frozen=True, slots=True)
class Direction:
    """The side of a plane between the training texts and a background of texts that are no concepts."""

    weights: np.ndarray
    bias: float
    name: ClassVar[str] = "direction"

    def score(self, vectors: np.ndarray) -> np.ndarray:
        """(m,) float64 log-odds of being background, of (m, d) rows."""
        return np.asarray(vectors, dtype=np.float64) @ self.weights + self.bias

    def to_arrays(self) -> dict[str, np.ndarray]:
        """`weights` (d,) and `bias` (1,)."""
        return {"weights": self.weights, "bias": np.array([self.bias], dtype=np.float64)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Direction:
        """The measure that `to_arrays` wrote."""
        return cls(weights=arrays["weights"], bias=float(arrays["bias"][0]))

    @classmethod
    def fit(cls, vectors: np.ndarray, background: np.ndarray) -> Direction:
        """The plane between (n, d) training vectors and (b, d) background vectors: balanced logistic regression."""
        from sklearn.linear_model import LogisticRegression

        rows = np.concatenate([vectors, background]).astype(np.float64)
        is_background = np.concatenate([np.zeros(len(vectors)), np.ones(len(background))])
        model = LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced").fit(rows, is_background)
        return cls(weights=model.coef_[0].astype(np.float64), bias=float(model.intercept_[0]))


MEASURES: dict[str, Callable[[dict[str, np.ndarray]], Measure]] = {
    Neighbours.name: Neighbours.from_arrays,
    Mahalanobis.name: Mahalanobis.from_arrays,
    Direction.name: Direction.from_arrays,
}


def nearest(
    vectors: np.ndarray,
    training: np.ndarray,
    *,
    k: int,
    own: np.ndarray | None = None,
    training_groups: np.ndarray | None = None,
) -> np.ndarray:
    """(m,) mean cosine distance of unit rows to their k nearest training rows.

    With `own` (m,) and `training_groups` (n,) the training rows of the same group are left out.
    """
    scores = np.empty(len(vectors))
    k = min(k, len(training))
    wide = training.astype(np.float64, copy=False)
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        distance = 1.0 - np.asarray(vectors[part], dtype=np.float64) @ wide.T
        if own is not None and training_groups is not None:
            distance[own[part, None] == training_groups[None, :]] = np.inf
        scores[part] = np.partition(distance, k - 1, axis=1)[:, :k].mean(axis=1)
    return scores


def leave_groups_out(vectors: np.ndarray, groups: np.ndarray, *, fit: Callable[[np.ndarray], Measure], seed: int) -> np.ndarray:
    """(n,) score of each training row by a measure fitted without its group (at most 10 folds of whole groups)."""
    names = np.unique(groups)
    order = np.random.default_rng(seed).permutation(len(names))
    n_folds = min(FOLDS, len(names))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % n_folds
    fold_of_row = fold[np.searchsorted(names, groups)]
    scores = np.empty(len(vectors))
    for i in range(n_folds):
        held = fold_of_row == i
        scores[held] = fit(vectors[~held]).score(vectors[held])
    return scores
