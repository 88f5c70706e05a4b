"""Sets of albums that hold the right one as often as they promise, on groups that the model has not met.

Split conformal prediction with 1 - p of the right album as the score, in the form for grouped rows: every group weighs the
same however many rows it has, which is what drawing one row a group again and again comes to (Dunn, Wasserman and Ramdas 2022;
Lee, Barber and Willett 2023, equation 4). The promise is for a row of a new group that comes about as the measured groups did;
it is an average over groups, not a promise for each album or each text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rebracket_core.rainbow import ALBUM_NAMES

COVERAGES: tuple[float, ...] = tuple(percent / 100 for percent in range(50, 100))
_DIGITS = 6
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class ConformalSets:
    """The limits of a run's sets: at `COVERAGES[k]` an album is in where its probability is at least `limits[k]`.

    A limit of 0 takes all albums in: so few groups cannot promise that coverage. The first album is always in.
    """

    limits: tuple[float, ...]
    n_rows: int
    n_groups: int

    @classmethod
    def fit(cls, album: np.ndarray, album_idx: np.ndarray, groups: np.ndarray) -> ConformalSets | None:
        """From (n, 9) probabilities of models that were not trained on the rows, (n,) albums (-1 for none) and (n,) groups.

        None where no row has an album.
        """
        has = album_idx >= 0
        if not has.any():
            return None
        scores = 1.0 - album[has, album_idx[has]]
        _, inverse, sizes = np.unique(groups[has].astype(str), return_inverse=True, return_counts=True)
        order = np.argsort(scores, kind="stable")
        # Row i of group g weighs 1/(n_g·(G+1)); the rest, 1/(G+1), is the new group's own row, which may be anywhere.
        share = np.cumsum(1.0 / sizes[inverse[order]]) / (len(sizes) + 1)
        limits = []
        for coverage in COVERAGES:
            at = int(np.searchsorted(share, coverage - _TINY))
            limit = 1.0 - float(scores[order[at]]) if at < len(order) else 0.0
            limits.append(np.floor(max(0.0, limit) * 10**_DIGITS) / 10**_DIGITS)
        return cls(limits=tuple(map(float, limits)), n_rows=int(has.sum()), n_groups=len(sizes))

    def limit(self, coverage: float) -> float:
        """The probability from which on an album is in the set; between two coverages the next higher one counts."""
        return self.limits[min(int(np.searchsorted(COVERAGES, coverage - _TINY)), len(COVERAGES) - 1)]

    @property
    def highest(self) -> float | None:
        """The highest coverage that can be promised without naming all albums; None where there is none."""
        able = [coverage for coverage, limit in zip(COVERAGES, self.limits, strict=True) if limit > 0]
        return able[-1] if able else None

    def names(self, probabilities: Mapping[str, float], *, coverage: float) -> tuple[str, ...]:
        """The albums of the set, the most probable first, from their probabilities by name."""
        limit = self.limit(coverage)
        ranked = sorted(probabilities, key=lambda name: (-float(probabilities[name]), ALBUM_NAMES.index(name)))
        return tuple(name for i, name in enumerate(ranked) if i == 0 or float(probabilities[name]) >= limit)

    def to_dict(self) -> dict[str, Any]:
        """The limits as plain values."""
        return {"limits": list(self.limits), "n_rows": self.n_rows, "n_groups": self.n_groups}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ConformalSets:
        """What `to_dict` gave; ValueError where it is not that."""
        found = cls(tuple(map(float, raw["limits"])), int(raw["n_rows"]), int(raw["n_groups"]))
        if len(found.limits) != len(COVERAGES) or not all(0.0 <= limit <= 1.0 for limit in found.limits):
            raise ValueError(f"{len(COVERAGES)} limits from 0 to 1 were expected")
        return found


def in_sets(album: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """(n, 9) bool: which albums are in the set of each row, from (n, 9) probabilities and (n,) limits."""
    inside: np.ndarray = np.round(album, _DIGITS) >= limits[:, None]
    inside[np.arange(len(album)), album.argmax(axis=1)] = True
    return inside
