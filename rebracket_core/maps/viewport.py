"""What of a map is drawn: every point of a small one; of a large one a density and a fair sample, anew for each view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_SHOWN = 20_000
SAMPLE = 15_000
GRID = 160
_CELLS = 48
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """The points of a view: their positions on the map, ascending, and for a sample the density behind them.

    `inside` is how many points the view holds; `density` (GRID, GRID) uint8, the top row first, on a log scale, over `box`
    (x0, y0, x1, y1).
    """

    at: np.ndarray
    inside: int
    box: Box
    density: np.ndarray | None = None

    @property
    def sampled(self) -> bool:
        """Whether points were left out."""
        return len(self.at) < self.inside


def scene(places: np.ndarray, *, view: Box | None = None, seed: int = 0) -> Scene:
    """The scene of (n, dims) places inside `view`, by default of the whole map.

    More than 20,000 points are sampled to 15,000, every cell of a 48 x 48 grid in turn, so that lonely points stay visible.
    """
    whole = bounds(places)
    box = view or whole
    inside = np.arange(len(places))
    if view is not None:
        x0, y0, x1, y1 = view
        x, y = places[:, 0], places[:, 1]
        inside = np.flatnonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))
    if len(inside) <= MOST_SHOWN:
        return Scene(at=inside, inside=len(inside), box=box)
    shown = np.sort(inside[_fair(places[inside], box=box, most=SAMPLE, seed=seed)])
    density = _density(places[inside], box=box) if places.shape[1] == 2 else None
    return Scene(at=shown, inside=len(inside), box=box, density=density)


def bounds(places: np.ndarray) -> Box:
    """The smallest box around the first two coordinates."""
    low, high = places[:, :2].min(axis=0), places[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _cells(places: np.ndarray, *, box: Box, size: int) -> np.ndarray:
    x0, y0, x1, y1 = box
    column = np.clip((places[:, 0] - x0) / max(x1 - x0, 1e-9) * size, 0, size - 1).astype(np.int32)
    row = np.clip((y1 - places[:, 1]) / max(y1 - y0, 1e-9) * size, 0, size - 1).astype(np.int32)
    return np.asarray(row * size + column)


def _fair(places: np.ndarray, *, box: Box, most: int, seed: int) -> np.ndarray:
    """Positions of at most `most` points: the cells take turns, each giving a point by lot."""
    lot = np.random.default_rng(seed).permutation(len(places))
    cell = _cells(places, box=box, size=_CELLS)[lot]
    order = np.argsort(cell, kind="stable")
    starts = np.zeros(_CELLS * _CELLS + 1, dtype=np.int64)
    np.cumsum(np.bincount(cell, minlength=_CELLS * _CELLS), out=starts[1:])
    counts = np.diff(starts)
    # The largest number of turns that keeps within the limit; half of it by turns, the rest in proportion.
    turns = _turns(counts, limit=most // 2)
    share = np.maximum(np.minimum(counts, turns), np.floor(counts * (most / 2) / max(1, counts.sum())).astype(np.int64))
    rank = np.arange(len(places)) - np.repeat(starts[:-1], counts)
    return lot[order[rank < np.repeat(share, counts)]][:most]


def _turns(counts: np.ndarray, *, limit: int) -> int:
    low, high = 0, int(counts.max(initial=0))
    while low < high:
        middle = (low + high + 1) // 2
        if int(np.minimum(counts, middle).sum()) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _density(places: np.ndarray, *, box: Box) -> np.ndarray:
    counts = np.bincount(_cells(places, box=box, size=GRID), minlength=GRID * GRID).astype(np.float64)
    shade = np.log1p(counts)
    return (255 * shade / max(shade.max(), 1e-9)).astype(np.uint8).reshape(GRID, GRID)


def inside_polygon(points: np.ndarray, corners: Sequence[Sequence[float]]) -> np.ndarray:
    """(n,) bool: which of (n, 2) points lie inside a polygon, by the even-odd rule."""
    edge = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    found = np.zeros(len(points), dtype=bool)
    if len(edge) < 3:
        return found
    low, high = edge.min(axis=0), edge.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    x, y = points[near, 0].astype(np.float64), points[near, 1].astype(np.float64)
    odd = np.zeros(len(near), dtype=bool)
    for (ax, ay), (bx, by) in zip(edge, np.roll(edge, -1, axis=0), strict=True):
        if ay == by:
            continue
        crosses = (ay > y) != (by > y)
        odd ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    found[near] = odd
    return found


def on_plane(places: np.ndarray, *, basis: Sequence[Sequence[float]], middle: Sequence[float]) -> np.ndarray:
    """(n, 2) the places as seen along a basis (2, dims) from the middle of the map."""
    return np.asarray((places - np.asarray(middle, dtype=np.float64)) @ np.asarray(basis, dtype=np.float64).T)
