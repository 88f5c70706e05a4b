"""How far a map can be trusted: what is kept of the neighbours, per point and in all.

kNN preservation is the share of a point's 15 nearest texts that are also its 15 nearest on the map; chance gives 15/(n-1).
Trustworthiness (false neighbours on the map) and continuity (true ones lost) as Venna and Kaski (2001) define them. They
flatter: both were above 0.99 on a map that had lost three quarters of the neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebracket_core.maps.spec import NEIGHBOURS
from rebracket_core.stats import Floats, Ints, blocks, squared_distances, squared_lengths

# Up to so many texts every point is measured; of more, a sample is, each of its points against all the others.
ALL_UP_TO = 20_000
SAMPLE = 2_000
Stage = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class MapQuality:
    """The figures under a map. `measured` of `n` points were measured; `chance` is the kNN preservation of a random map."""

    n: int
    measured: int
    k: int
    knn_preservation: float
    chance: float
    trustworthiness: float
    continuity: float

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values."""
        return asdict(self)


def map_quality(
    vectors: Floats, places: Floats, *, seed: int, stage: Stage | None = None, most: int | None = None
) -> tuple[MapQuality, np.ndarray]:
    """The figures of a map, and (n,) float32 each point's own kNN preservation, NaN where it was not measured.

    `vectors` (n, dim), `places` (n, dims). `most` is how many points are measured where there are more; by default 2,000 of
    more than 20,000. A sample's points are compared with all n, so that its figures are not better than the whole map's.
    """
    n = len(vectors)
    limit = most or (n if n <= ALL_UP_TO else SAMPLE)
    k = min(NEIGHBOURS, max(1, (n - 1) // 2))
    rows = np.arange(n, dtype=np.int64)
    if limit < n:
        rows = np.sort(np.random.default_rng(seed).choice(n, size=limit, replace=False)).astype(np.int64)
    kept, false, lost = _ranks(vectors, places, rows=rows, k=k, stage=stage)
    m, scale = len(rows), 2.0 / (len(rows) * k * (2.0 * n - 3.0 * k - 1.0))
    own = np.full(n, np.nan, dtype=np.float32)
    own[rows] = kept / k
    found = MapQuality(
        n=n,
        measured=m,
        k=k,
        knn_preservation=float(kept.mean() / k),
        chance=k / (n - 1),
        trustworthiness=float(1.0 - scale * false.sum()),
        continuity=float(1.0 - scale * lost.sum()),
    )
    return found, own


def _ranks(
    vectors: Floats, places: Floats, *, rows: Ints, k: int, stage: Stage | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row: neighbours kept, and how far beyond rank k its false and its lost neighbours lie, summed."""
    n = len(vectors)
    places = (places - places.mean(axis=0)).astype(np.float64)  # in two dimensions rounding would decide ranks
    long_v, long_p = squared_lengths(vectors), squared_lengths(places)
    kept, false, lost = (np.zeros(len(rows)) for _ in range(3))
    done = 0
    for part in blocks(rows, n=n):
        there, here = squared_distances(vectors, part, squares=long_v), squared_distances(places, part, squares=long_p)
        near_there, near_here = _nearest(there, k), _nearest(here, k)
        at = slice(done, done + len(part))
        kept[at] = [len(np.intersect1d(a, b)) for a, b in zip(near_there, near_here, strict=True)]
        false[at], lost[at] = _beyond(there, near_here, k=k), _beyond(here, near_there, k=k)
        done += len(part)
        if stage:
            stage("Measuring how far it can be trusted", done, len(rows))
    return kept, false, lost


def _nearest(away: Floats, k: int) -> Ints:
    some = np.argpartition(away, k, axis=1)[:, : k + 1]
    order = np.argsort(np.take_along_axis(away, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)[:, 1:].astype(np.int64)


def _beyond(away: Floats, near: Ints, *, k: int) -> np.ndarray:
    """(m,) the sum over each row's `near` points of how far their rank in `away` lies beyond k."""
    total = np.zeros(len(away))
    for i, row in enumerate(away):
        rank = np.array([np.count_nonzero(row < row[j]) for j in near[i]])  # itself is one of those that are nearer
        total[i] = np.maximum(0, rank - k).sum()
    return total
