"""Tasks weighed by how fast their losses fall (DWA), and tasks left out of a step by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch


def dwa_weights(last: torch.Tensor, before: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """(k,) weights of k tasks whose mean sum is 1 each, from their (k,) losses in the last epoch and the one before it.

    Dynamic weight average (Liu et al. 2019): k · softmax(r / T) with r = last / before. A loss that falls slowly has a large
    ratio, and its task weighs more.
    """
    ratio = last / before.clamp(min=1e-12)
    return len(ratio) * torch.softmax(ratio / temperature, dim=0)


class TaskPace(torch.nn.Module):
    """What the losses of T tasks were in the last two epochs; its state lies in buffers, so checkpoints hold it.

    `total` and `count` (T,) gather the epoch that goes on; `last` and `before` (T,) are the means of those that ended, NaN
    where there was none.
    """

    total: torch.Tensor
    count: torch.Tensor
    last: torch.Tensor
    before: torch.Tensor

    def __init__(self, names: Sequence[str], *, temperature: float) -> None:
        super().__init__()
        self.names = tuple(names)
        self.temperature = temperature
        for name, value in (("total", 0.0), ("count", 0.0), ("last", torch.nan), ("before", torch.nan)):
            self.register_buffer(name, torch.full((len(self.names),), value))

    @torch.no_grad()
    def see(self, losses: Mapping[str, torch.Tensor]) -> None:
        """Take in the () losses of a batch by task."""
        for name, loss in losses.items():
            at = self.names.index(name)
            self.total[at] += loss.to(self.total)
            self.count[at] += 1

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Close the epoch: its means become the last ones."""
        self.before.copy_(self.last)
        self.last.copy_(
            torch.where(self.count > 0, self.total / self.count.clamp(min=1), torch.full_like(self.total, torch.nan))
        )
        self.total.zero_()
        self.count.zero_()

    @torch.no_grad()
    def weights(self, names: Sequence[str]) -> dict[str, float]:
        """The weights of these tasks by name, all 1 before two epochs have ended with each of them."""
        at = [self.names.index(name) for name in names]
        last, before = self.last[at], self.before[at]
        if not names or bool((last.isnan() | before.isnan()).any()):
            return dict.fromkeys(names, 1.0)
        return dict(zip(names, dwa_weights(last, before, temperature=self.temperature).tolist(), strict=True))


def kept_parts(parts: Sequence[str], *, dropout: float, seed: Sequence[int]) -> tuple[str, ...]:
    """The parts of the tasks that count in a step, each left out with the chance `dropout`; one at least always stays.

    `seed` names the step, so that every process and a training that is taken up again draw alike.
    """
    if not dropout or len(parts) < 2:
        return tuple(parts)
    chance = np.random.default_rng(list(seed))
    kept = tuple(part for part, drawn in zip(parts, chance.random(len(parts)), strict=True) if drawn >= dropout)
    return kept or (parts[int(chance.integers(len(parts)))],)
