"""Several convex problems of one shape, solved side by side: each has its own curvature and its own steps.

L-BFGS (Nocedal 1980) on the sum of independent losses needs more steps the more losses there are, because one step size and
one curvature must do for all. Here every problem keeps its own, while all are evaluated in one product. The features' own
spread is most of the curvature and is the same for all: told in advance (`ease`), it saves the steps that would find it out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from rebracket_core.models.heads.analytic_gradients import Seen

HISTORY = 12
_TRIES = 12
_ARMIJO, _WOLFE = 1e-4, 0.9
_ROUNDING = 1e-6  # what float32 makes of a sum of losses: a step is no worse for being so much higher


class SideBySide:
    """L-BFGS on M x Q independent problems; `at` (M, p, k) is where they stand, `seen` what they see there.

    `of` (k, Q) one-hot says which of the Q problems a column belongs to; `ease` (p, k) is about the inverse of the curvature;
    a problem that is about to get lower by less than `arrived` has arrived.
    """

    def __init__(
        self,
        at: torch.Tensor,
        evaluate: Callable[[torch.Tensor], Seen],
        *,
        of: torch.Tensor,
        ease: torch.Tensor,
        arrived: float,
    ) -> None:
        self.at = at
        self.seen = evaluate(at)
        self._evaluate = evaluate
        self._of = of
        self._ease = ease
        self._arrived = arrived
        self._pairs: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []  # step, change of slope, 1/their product
        self._scale = self.seen.value.new_ones(self.seen.value.shape)

    def step(self) -> torch.Tensor:
        """One iteration of every problem; (M, Q) how much lower each was about to get."""
        import torch

        way = -self._bent(self.seen.slope)
        fall = self._dot(way, self.seen.slope)
        uphill = fall >= 0
        if bool(uphill.any()):
            way = torch.where(self._wide(uphill.float()) > 0, -self._ease * self.seen.slope, way)
            fall = self._dot(way, self.seen.slope)
        place, seen = self._search(way, fall)
        moved, bend = place - self.at, seen.slope - self.seen.slope
        curve = self._dot(moved, bend)
        sound = curve > 1e-12
        inverse = torch.where(sound, 1.0 / curve.clamp(min=1e-12), torch.zeros_like(curve))
        self._scale = torch.where(sound, curve / self._dot(bend, self._ease * bend).clamp(min=1e-20), self._scale)
        self._pairs = [*self._pairs[-(HISTORY - 1) :], (moved, bend, inverse)]
        self.at, self.seen = place, seen
        return -fall / 2.0

    def _bent(self, slope: torch.Tensor) -> torch.Tensor:
        """The slope times the inverse of the curvature that the last steps met (the two-loop recursion)."""
        found, shares = slope.clone(), []
        for moved, bend, inverse in reversed(self._pairs):
            share = inverse * self._dot(moved, found)
            found -= self._wide(share) * bend
            shares.append(share)
        found *= self._ease * self._wide(self._scale)
        for (moved, bend, inverse), share in zip(self._pairs, reversed(shares), strict=True):
            found += self._wide(share - inverse * self._dot(bend, found)) * moved
        return found

    def _search(self, way: torch.Tensor, fall: torch.Tensor) -> tuple[torch.Tensor, Seen]:
        """Where each problem goes: a length that meets the weak Wolfe conditions, found by halving (Lewis and Overton 2013).

        A problem that has arrived asks for no further try: one try costs an evaluation of all.
        """
        import torch

        length = torch.ones_like(fall)
        low, high = torch.zeros_like(fall), torch.full_like(fall, torch.inf)
        for _ in range(_TRIES):
            place = self.at + self._wide(length) * way
            seen = self._evaluate(place)
            steep = seen.value > self.seen.value + _ARMIJO * length * fall + _ROUNDING * self.seen.value.abs()
            short = ~steep & (self._dot(seen.slope, way) < _WOLFE * fall)
            again = (steep | short) & (-fall / 2.0 >= self._arrived)
            if not bool(again.any()):
                break
            high, low = torch.where(steep, length, high), torch.where(short, length, low)
            between = torch.where(torch.isfinite(high), (low + high) / 2.0, 2.0 * low)
            length = torch.where(again, between, length)
        if not bool(steep.any()):
            return place, seen
        stays = self._wide(steep.float()) > 0  # whatever did not go down stays where it is
        return torch.where(stays, self.at, place), seen.where(steep, self.seen, wide=stays)

    def _dot(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """(M, Q) inner products of (M, p, k) arrays."""
        return (a * b).sum(dim=1) @ self._of

    def _wide(self, values: torch.Tensor) -> torch.Tensor:
        """(M, Q) values as (M, 1, k): each problem's at all its columns."""
        return (values @ self._of.T)[:, None, :]
