"""Two maps of the same texts beside each other: laid over one another to look at, compared by neighbours to decide.

What moved is decided in embedding space: two fits of UMAP put the same texts elsewhere, and arrows between maps mislead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.maps.spec import NEIGHBOURS
from rebracket_core.stats import Ints, neighbours

MOVED_BELOW = 1 / 3  # a text that keeps fewer than a third of its nearest texts has moved


@dataclass(frozen=True, slots=True)
class NeighbourhoodOverlap:
    """How much of each text's neighbourhood two encoders share: (n,) `kept` shares of the k nearest, and what chance gives."""

    kept: np.ndarray
    k: int
    chance: float

    @property
    def moved(self) -> np.ndarray:
        """(n,) bool: the texts that keep fewer than a third of their nearest."""
        return np.asarray(self.kept < MOVED_BELOW)


def procrustes_aligned(places: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """The (n, dims) places turned, mirrored, scaled and shifted to lie on `onto` (n, dims) as well as they can.

    Orthogonal Procrustes: nothing is bent, so that distances within the map keep their order.
    """
    from scipy.linalg import orthogonal_procrustes

    a, b = places - places.mean(axis=0), onto - onto.mean(axis=0)
    turn, scale = orthogonal_procrustes(a, b)
    size = float((a**2).sum())
    return np.asarray(a @ turn * (scale / size if size else 1.0) + onto.mean(axis=0), dtype=np.float32)


def neighbourhood_overlap(first: np.ndarray, second: np.ndarray, *, rows: Ints | None = None) -> NeighbourhoodOverlap:
    """The share of each text's 15 nearest that two encoders agree on; (n, dim) vectors of the same texts in one order.

    `rows` limits it to some texts, each still among all.
    """
    n = len(first)
    k = min(NEIGHBOURS, max(1, (n - 1) // 2))
    near, there = neighbours(first, k=k, rows=rows), neighbours(second, k=k, rows=rows)
    kept = np.array([len(np.intersect1d(a, b)) / k for a, b in zip(near, there, strict=True)])
    return NeighbourhoodOverlap(kept=kept, k=k, chance=k / (n - 1))
