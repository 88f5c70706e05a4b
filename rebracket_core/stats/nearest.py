"""Nearest texts in embedding space, exactly, in blocks that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
BLOCK_BYTES = 32 * 2**20


def nearest_of(vector: Floats, *, vectors: Floats, k: int) -> tuple[Ints, NDArray[np.float64]]:
    """The positions of the k rows of `vectors` (n, dim) nearest to a unit vector (dim,), nearest first, and their cosines."""
    similarity = vectors @ vector
    k = min(k, len(similarity))
    some = np.argpartition(-similarity, k - 1)[:k]
    order = some[np.argsort(-similarity[some], kind="stable")]
    return order.astype(np.int64), similarity[order].astype(np.float64)


def blocks(rows: Ints, *, n: int) -> Iterator[Ints]:
    """The rows in parts whose distances to all n points fit into one block."""
    size = max(1, BLOCK_BYTES // (4 * max(1, n)))
    for at in range(0, len(rows), size):
        yield rows[at : at + size]


def squared_distances(points: Floats, rows: Ints, *, squares: Floats) -> Floats:
    """(len(rows), n) squared distances of some rows to all points; `squares` (n,) the squared lengths of the points."""
    own = points[rows]
    distances = squares[rows][:, None] + squares[None, :] - 2.0 * (own @ points.T)
    distances[np.arange(len(rows)), rows] = -1.0  # itself first, whatever rounding says
    return np.asarray(distances)


def squared_lengths(points: Floats) -> Floats:
    """(n,) the squared lengths of (n, d) points."""
    return np.asarray(np.einsum("ij,ij->i", points, points))


def neighbours(points: Floats, *, k: int, rows: Ints | None = None) -> Ints:
    """(m, k) positions of the k nearest other points of each row (all rows by default), nearest first."""
    n = len(points)
    queries = np.arange(n, dtype=np.int64) if rows is None else rows
    squares, found = squared_lengths(points), []
    for part in blocks(queries, n=n):
        distances = squared_distances(points, part, squares=squares)
        some = np.argpartition(distances, k, axis=1)[:, : k + 1]
        order = np.argsort(np.take_along_axis(distances, some, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(some, order, axis=1)[:, 1:])
    return np.concatenate(found).astype(np.int64) if found else np.zeros((0, k), dtype=np.int64)
