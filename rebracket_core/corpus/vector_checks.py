"""What is remarkable about vectors that came with a data set: one for all texts, shared ones, numbers drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

SHOWN = 5
MIN_TEXTS = 16
"""Texts from which on their vectors can be told from random ones."""
RANDOM_SPREAD = 1.25
"""The spread of the cosines times the root of the width; 1 for random numbers, about 2 for encoders of texts."""
_SAMPLED = 512


@dataclass(frozen=True, slots=True)
class VectorFinding:
    """One thing about a column of vectors: a stable `code`, a sentence, the rows that show it, and whether it bars the use."""

    code: str
    detail: str
    rows: tuple[str, ...] = ()
    bars: bool = False

    @property
    def sentence(self) -> str:
        """The detail with the first rows that show it."""
        return self.detail + (f" (such as {', '.join(self.rows[:SHOWN])})" if self.rows else "")

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> VectorFinding:
        """The finding that `to_dict` wrote."""
        return cls(str(raw["code"]), str(raw["detail"]), tuple(raw["rows"]), bool(raw["bars"]))


def check_vectors(matrix: np.ndarray, at: np.ndarray, *, names: Sequence[str]) -> tuple[VectorFinding, ...]:
    """The findings on finite vectors of different texts.

    Args:
        matrix: (k, d), each different vector once.
        at: (m,) the vector of each different text, as a row of `matrix`.
        names: (m,) a row id for each of these texts.
    """
    flat = np.ptp(matrix, axis=1) == 0.0
    if flat.any():
        shown = tuple(names[i] for i in np.flatnonzero(flat[at])[:SHOWN])
        return (
            VectorFinding("constant", f"{int(flat[at].sum())} texts have a vector of one number repeated", shown, bars=True),
        )
    if len(at) > 1 and len(matrix) == 1:
        return (VectorFinding("identical", f"all {len(at)} texts have the same vector", tuple(names[:SHOWN]), bars=True),)
    return (*_shared(at, names=names), *_random(matrix))


def _shared(at: np.ndarray, *, names: Sequence[str]) -> tuple[VectorFinding, ...]:
    counts = np.bincount(at)
    shared = counts[at] > 1
    if not shared.any():
        return ()
    order = sorted(np.flatnonzero(shared).tolist(), key=lambda i: (int(at[i]), i))
    return (
        VectorFinding("shared", f"{int(shared.sum())} different texts share a vector", tuple(names[i] for i in order[:SHOWN])),
    )


def _random(matrix: np.ndarray) -> tuple[VectorFinding, ...]:
    spread = cosine_spread(matrix)
    if spread is None or spread >= RANDOM_SPREAD:
        return ()
    return (
        VectorFinding(
            "random",
            f"the vectors look like random numbers: no two texts are more alike than chance (spread {spread:.2f}, where "
            "random numbers have 1 and encoders of texts about 2)",
        ),
    )


def cosine_spread(matrix: np.ndarray) -> float | None:
    """The standard deviation of the cosines between centred vectors, times the root of the width.

    It is about 1 for numbers drawn at random, whatever their mean; None for fewer than `MIN_TEXTS` vectors.
    """
    if len(matrix) < MIN_TEXTS:
        return None
    picked = np.unique(np.linspace(0, len(matrix) - 1, min(len(matrix), _SAMPLED)).astype(np.int64))
    rows = matrix[picked].astype(np.float64)
    rows -= rows.mean(axis=0)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    cosines = (rows @ rows.T)[np.triu_indices(len(rows), k=1)]
    return float(cosines.std() * np.sqrt(matrix.shape[1]))
