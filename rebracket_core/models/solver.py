"""Several convex problems of one shape, solved side by side: each has its own curvature, its own steps and its own end.

L-BFGS (Nocedal 1980) on the sum of independent losses needs more steps the more losses there are, because one step size and
one curvature must do for all. Here every problem keeps its own, while all are evaluated in one product, and each takes the
steps that it would take alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    Evaluate = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]

HISTORY = 12
_TRIES = 12
_ARMIJO, _WOLFE = 1e-4, 0.9
_ROUNDING = 1e-6  # what float32 makes of a sum of losses: a step is no worse for being so much higher


class SideBySide:
    """L-BFGS on M x Q independent problems; `at` (M, p, k) is where they stand, `value` (M, Q) and `slope` what they see.

    `of` (k,) says which of the Q problems a column belongs to. `evaluate` gives the (M, Q) values and the (M, p, k) slopes of
    all problems at (M, p, k) places.
    """

    def __init__(self, at: torch.Tensor, evaluate: Evaluate, *, of: torch.Tensor) -> None:
        self.at = at
        self._evaluate = evaluate
        self._of = of
        self.value, self.slope = evaluate(at)
        self._pairs: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []  # step, change of slope, 1/their product
        self._scale = (1.0 / self._summed(self.slope.abs().sum(dim=1)).clamp(min=1e-12)).clamp(max=1.0)

    def step(self) -> None:
        """One iteration of every problem."""
        import torch

        way = -self._bent(self.slope)
        fall = self._dot(way, self.slope)
        uphill = fall >= 0
        if bool(uphill.any()):
            way = torch.where(self._wide(uphill), -self.slope, way)
            fall = self._dot(way, self.slope)
        place, value, slope = self._search(way, fall)
        moved, bend = place - self.at, slope - self.slope
        curve = self._dot(moved, bend)
        sound = curve > 1e-12
        inverse = torch.where(sound, 1.0 / curve.clamp(min=1e-12), torch.zeros_like(curve))
        self._scale = torch.where(sound, curve / self._dot(bend, bend).clamp(min=1e-20), self._scale)
        self._pairs = [*self._pairs[-(HISTORY - 1) :], (moved, bend, inverse)]
        self.at, self.value, self.slope = place, value, slope

    def keep(self, rows: torch.Tensor, evaluate: Evaluate) -> None:
        """Go on with some of the M only; `evaluate` is theirs alone."""
        self._evaluate = evaluate
        self.at, self.value, self.slope, self._scale = self.at[rows], self.value[rows], self.slope[rows], self._scale[rows]
        self._pairs = [(a[rows], b[rows], c[rows]) for a, b, c in self._pairs]

    def _bent(self, slope: torch.Tensor) -> torch.Tensor:
        """The slope times the inverse of the curvature that the last steps met (the two-loop recursion)."""
        found, shares = slope.clone(), []
        for moved, bend, inverse in reversed(self._pairs):
            share = inverse * self._dot(moved, found)
            found -= self._wide(share) * bend
            shares.append(share)
        found *= self._wide(self._scale)
        for (moved, bend, inverse), share in zip(self._pairs, reversed(shares), strict=True):
            found += self._wide(share - inverse * self._dot(bend, found)) * moved
        return found

    def _search(self, way: torch.Tensor, fall: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Where each problem goes: a length that meets the weak Wolfe conditions, found by halving (Lewis and Overton 2013)."""
        import torch

        length = torch.ones_like(fall)
        low, high = torch.zeros_like(fall), torch.full_like(fall, torch.inf)
        for _ in range(_TRIES):
            place = self.at + self._wide(length) * way
            value, slope = self._evaluate(place)
            steep = value > self.value + _ARMIJO * length * fall + _ROUNDING * self.value.abs()
            short = ~steep & (self._dot(slope, way) < _WOLFE * fall)
            if not bool((steep | short).any()):
                return place, value, slope
            high, low = torch.where(steep, length, high), torch.where(short, length, low)
            between = torch.where(torch.isfinite(high), (low + high) / 2.0, 2.0 * low)
            length = torch.where(steep | short, between, length)
        length = torch.where(steep, low, length)  # the best that went down; 0, which stays, where none did
        place = self.at + self._wide(length) * way
        return place, *self._evaluate(place)

    def _dot(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """(M, Q) inner products of (M, p, k) arrays."""
        return self._summed((a * b).sum(dim=1))

    def _summed(self, columns: torch.Tensor) -> torch.Tensor:
        """(M, Q) sums of (M, k) over each problem's columns."""
        return summed(columns, of=self._of)

    def _wide(self, values: torch.Tensor) -> torch.Tensor:
        """(M, Q) values as (M, 1, k): each problem's at all its columns."""
        return values[:, self._of][:, None, :]


def summed(columns: torch.Tensor, *, of: torch.Tensor) -> torch.Tensor:
    """(M, Q) sums of (M, k) columns over the problems that they belong to."""
    return columns.new_zeros(len(columns), int(of.max()) + 1).index_add_(1, of, columns)
