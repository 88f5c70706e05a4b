"""Texts that say almost the same in different groups, found by their vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rebracket_core.errors import DataError

NEAR_COSINE = 0.95
_BLOCK = 1024
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two rows of different groups whose vectors are closer than NEAR_COSINE."""

    first: str
    second: str
    cosine: float


def near_duplicates(
    vectors: np.ndarray,
    *,
    row_ids: list[str],
    groups: np.ndarray,
    threshold: float = NEAR_COSINE,
    step: Callable[[int, int], None] | None = None,
) -> tuple[int, tuple[NearDuplicate, ...]]:
    """The number of row pairs of different groups with a cosine above the threshold, and the 50 closest of them.

    `vectors` (n, d), scaled here; `groups` (n,). Works in blocks of 1024 rows, so memory stays small. Raises DataError
    where the vectors do not belong to the rows or are not finite.
    """
    _check(vectors, n_rows=len(row_ids))
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(norms > 0, norms, 1.0)).astype(np.float32)
    codes = np.unique(groups, return_inverse=True)[1]
    count, best = 0, list[NearDuplicate]()
    for start in range(0, len(unit), _BLOCK):
        cosines = unit[start : start + _BLOCK] @ unit[start:].T
        close = np.triu(cosines > threshold, k=1) & (codes[start : start + _BLOCK, None] != codes[None, start:])
        rows, columns = np.nonzero(close)
        count += len(rows)
        top = np.argsort(-cosines[rows, columns], kind="stable")[:_SHOWN]
        found = [
            NearDuplicate(
                row_ids[start + int(rows[k])], row_ids[start + int(columns[k])], float(min(1.0, cosines[rows[k], columns[k]]))
            )
            for k in top
        ]
        best = sorted([*best, *found], key=lambda pair: (-pair.cosine, pair.first, pair.second))[:_SHOWN]
        if step:
            step(min(start + _BLOCK, len(unit)), len(unit))
    return count, tuple(best)


def _check(vectors: np.ndarray, *, n_rows: int) -> None:
    if vectors.ndim != 2 or len(vectors) != n_rows:
        raise DataError(
            "The vectors do not belong to the rows.",
            expected=f"({n_rows}, d)",
            found=str(vectors.shape),
            hint="give one vector for each row",
        )
    if not np.isfinite(vectors).all():
        raise DataError(
            "The vectors hold NaN or infinite numbers.",
            expected="finite numbers",
            found="some that are not",
            hint="encode the texts again",
        )
