"""Heads on many rows, more than features: all members side by side, along the features' own directions (see `solver`).

A head's tasks share no weights, so each is a problem of its own, with its own best step on the rows that were left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.models.heads.analytic_gradients import AnalyticGradients
from rebracket_core.models.heads.batched_solver import SideBySide
from rebracket_core.models.layout import N_OUTPUTS, OUTPUT_TASK, TASKS

if TYPE_CHECKING:
    import torch

    from rebracket_core.models.heads.problem import OnStep, Problem

# A task that is about to get lower by less, in nats, has arrived.
_ARRIVED = 1e-3


def fit_many_rows(features: np.ndarray, problem: Problem, *, on_step: OnStep | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(M, d, 27) weights and (M, 27) biases of the members, each task at its best step; `on_step` as in `Head.fit`."""
    import torch

    x, middle, basis, spread = _along_directions(torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32)))
    losses = AnalyticGradients(problem, x)
    of = torch.nn.functional.one_hot(torch.tensor(OUTPUT_TASK), len(TASKS)).float()
    start = torch.zeros(problem.members, x.shape[1] + 1, N_OUTPUTS)
    solver = SideBySide(start, losses.at, of=of, ease=_ease(spread, losses), arrived=_ARRIVED)
    best = _Best(at=start, loss=torch.full_like(solver.seen.held, torch.inf), stale=torch.zeros_like(solver.seen.held))
    for step in range(problem.config.heads.max_steps):
        gain = solver.step()
        best.see(solver.seen.held, solver.at, of=of)
        if on_step:
            on_step(step + 1, solver.seen.held.sum(dim=1).numpy())
        if bool(((best.stale >= problem.config.heads.patience_steps) | (gain < _ARRIVED)).all()):
            break
    weight = torch.einsum("dr,mro->mdo", basis, best.at[:, :-1])
    return weight.numpy(), (best.at[:, -1] - torch.einsum("d,mdo->mo", middle, weight)).numpy()


@dataclass(slots=True)
class _Best:
    """Each task's weights (M, d + 1, 27) at its lowest loss (M, 6) so far, and how many steps ago that was (M, 6)."""

    at: torch.Tensor
    loss: torch.Tensor
    stale: torch.Tensor

    def see(self, held: torch.Tensor, at: torch.Tensor, *, of: torch.Tensor) -> None:
        """Take in a step; `of` (27, 6) says which task an output answers."""
        import torch

        better = held < self.loss - 1e-5
        self.loss = torch.where(better, held, self.loss)
        self.at = torch.where((better.float() @ of.T)[:, None, :] > 0, at, self.at)
        self.stale = torch.where(better, torch.zeros_like(self.stale), self.stale + 1)


def _along_directions(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features in the basis of their principal directions, with the mean taken off, the basis (d, d), and (d,) mean squares."""
    import torch

    middle = x.mean(dim=0)
    apart = x - middle
    spread, basis = torch.linalg.eigh((apart.T @ apart).double() / len(x))
    return apart @ basis.float(), middle, basis.float(), spread.clamp(min=0.0).float()


def _ease(spread: torch.Tensor, losses: AnalyticGradients) -> torch.Tensor:
    """(d + 1, 27) about the inverse of the curvature along each direction; the last is the biases', which cost nothing."""
    import torch

    bent = torch.cat([spread, torch.ones(1)])[:, None] * losses.curvature
    bent[:-1] += losses.penalty
    return 1.0 / bent.clamp(min=1e-9)
