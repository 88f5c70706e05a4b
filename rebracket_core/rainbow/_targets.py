"""Soft targets and vertices, derived from the table (DOMAIN 2)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from rebracket_core.rainbow._table import ALBUMS, AXIS_NAMES, MODES, N_MODES, SMOOTHING

if TYPE_CHECKING:
    import numpy as np


def axis_vertex(axis: str, modes: Iterable[str]) -> tuple[float, ...]:
    """The unsmoothed distribution of a mode set on one axis: uniform over its modes; an empty set gives uniform over all."""
    chosen = frozenset(modes) or frozenset(MODES[axis])
    return tuple(1.0 / len(chosen) if mode in chosen else 0.0 for mode in MODES[axis])


def axis_target(axis: str, modes: Iterable[str], *, smoothing: float = SMOOTHING) -> tuple[float, ...]:
    """The training target of a mode set on one axis: (1-a)·uniform(modes) + a/3; sums to 1."""
    return tuple((1.0 - smoothing) * share + smoothing / N_MODES for share in axis_vertex(axis, modes))


@lru_cache(maxsize=8)
def album_targets(smoothing: float = SMOOTHING) -> np.ndarray:
    """Read-only (9 albums, 3 axes, 3 modes) float64 array of training targets; each triple sums to 1."""
    import numpy as np

    table = np.array([[axis_target(x, a.modes[x], smoothing=smoothing) for x in AXIS_NAMES] for a in ALBUMS])
    table.setflags(write=False)
    return table


def album_vertices() -> np.ndarray:
    """Read-only (9 albums, 3 axes, 3 modes) float64 array of unsmoothed targets: the places that distances go to."""
    return album_targets(0.0)
