"""What members of an ensemble are trained on, the memory of their best step, and the general solver.

A member's weights never meet another member's, so the sum of the members' losses trains each as if it were alone.
The loss is convex and full-batch; L-BFGS needs tens of steps where AdamW needs hundreds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.models.config import FitConfig
from rebracket_core.models.layout import N_OUTPUTS
from rebracket_core.models.losses.classes import class_weights
from rebracket_core.models.losses.tasks import AlbumLoss, member_losses
from rebracket_core.models.losses.weighting import FIXED
from rebracket_core.models.targets import HeadTargets

if TYPE_CHECKING:
    import torch

OnStep = Callable[[int, np.ndarray], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """What M members are trained on: targets `y`, (M, n) weights of rows trained on and held out, and the config.

    `album_loss` stands in cross-entropy's place where a kind of head has its own.
    """

    y: dict[str, torch.Tensor]
    learnt: torch.Tensor
    held_out: torch.Tensor
    n_learnt: torch.Tensor
    class_weights: dict[str, torch.Tensor]
    config: FitConfig
    album_loss: AlbumLoss | None = None

    @classmethod
    def of(
        cls, targets: HeadTargets, *, member_weights: np.ndarray, config: FitConfig, album_loss: AlbumLoss | None = None
    ) -> Problem:
        """From plain arrays; where a member leaves no row out, all are measured on the rows that they learn from."""
        import torch

        y = targets.tensors()
        learnt = torch.from_numpy(member_weights.astype(np.float32)) * y["weight"]
        held = torch.from_numpy((member_weights == 0).astype(np.float32)) * y["weight"]
        n_learnt = torch.from_numpy((member_weights > 0).sum(axis=1).astype(np.float32)).clamp(min=1.0)
        by_class = class_weights(y, learnt, tasks=config.tasks)
        held_out = held if bool((held.sum(dim=1) > 0).all()) else learnt
        return cls(y, learnt, held_out, n_learnt, by_class, config, album_loss)

    @property
    def members(self) -> int:
        """How many members there are."""
        return int(self.learnt.shape[0])

    def penalised(self, logits: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """() the sum of the members' losses on the rows that they learn from, with the penalty |w|²/(2·C·n) on weights."""
        loss = member_losses(
            logits, self.y, self.learnt, tasks=self.config.tasks, class_weights=self.class_weights, album_loss=self.album_loss
        ).sum()
        penalty = (weight**2).sum(dim=(1, 2)) / (2.0 * self.config.heads.inverse_l2 * self.n_learnt)
        return loss + penalty.sum()

    def held_out_losses(self, logits: torch.Tensor) -> torch.Tensor:
        """(M,) losses on the rows held out; they weigh tasks the same at every step, so that steps compare."""
        fixed = replace(self.config.tasks, weighting=FIXED)
        return member_losses(
            logits, self.y, self.held_out, tasks=fixed, class_weights=self.class_weights, album_loss=self.album_loss
        )

    def best(self, weight: torch.Tensor, bias: torch.Tensor) -> Best:
        """The memory of each member's best step, before the first."""
        import torch

        lost = torch.full((self.members,), torch.inf)
        stale = torch.zeros(self.members)
        return Best(torch.zeros_like(weight), torch.zeros_like(bias), lost, stale, self.config.heads.patience_steps)


@dataclass(slots=True)
class Best:
    """Each member's weights at its lowest loss so far, and how many steps ago that was."""

    weight: torch.Tensor
    bias: torch.Tensor
    loss: torch.Tensor
    stale: torch.Tensor
    patience: int

    def see(self, held: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> bool:
        """Take in a step; whether no member has got better for `patience` steps."""
        import torch

        better = held < self.loss - 1e-5
        self.loss = torch.where(better, held, self.loss)
        self.weight[better], self.bias[better] = weight[better].detach(), bias[better].detach()
        self.stale = torch.where(better, torch.zeros_like(self.stale), self.stale + 1)
        return bool((self.stale >= self.patience).all())


def minimise(features: np.ndarray, problem: Problem, *, on_step: OnStep | None) -> tuple[np.ndarray, np.ndarray]:
    """(M, d, 27) weights and (M, 27) biases of the members on (n, d) features, each at its best step, by L-BFGS."""
    import torch

    from rebracket_core.models.heads.lbfgs import LightLBFGS

    x = torch.from_numpy(features)
    weight = torch.zeros(problem.members, features.shape[1], N_OUTPUTS, requires_grad=True)
    bias = torch.zeros(problem.members, N_OUTPUTS, requires_grad=True)
    optimiser = LightLBFGS([weight, bias], lr=1.0, max_iter=4, history_size=12, line_search_fn="strong_wolfe")
    best = problem.best(weight, bias)

    def closure() -> torch.Tensor:
        optimiser.forget()
        loss = problem.penalised(logits_of(x, weight, bias), weight)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    for step in range(problem.config.heads.max_steps):
        optimiser.step(closure)
        with torch.no_grad():
            held = problem.held_out_losses(logits_of(x, weight, bias))
            stop = best.see(held, weight, bias)
        if on_step:
            on_step(step + 1, held.numpy())
        if stop:
            break
    return best.weight.numpy(), best.bias.numpy()


def logits_of(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """(n, M, 27) logits of (n, d) features."""
    members, dim, outputs = weight.shape
    flat = weight.permute(1, 0, 2).reshape(dim, members * outputs)
    return (x @ flat).reshape(len(x), members, outputs) + bias


def row_space(features: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Features (n, r) float32 in the basis of their own row space, where that is narrower, and the (d, r) way back to weights.

    The features (n, d) as they are, and None, where there are no fewer rows than columns.

    With an L2 penalty the best weights lie in the span of the training rows, so nothing is lost by fitting there.
    """
    n, dim = features.shape
    if n >= dim:
        return np.ascontiguousarray(features, dtype=np.float32), None
    values, vectors = np.linalg.eigh(features.astype(np.float64) @ features.T.astype(np.float64))
    keep = values > values.max() * 1e-9
    scale = np.sqrt(values[keep])
    rotated = (vectors[:, keep] * scale).astype(np.float32)
    return rotated, (features.T.astype(np.float64) @ (vectors[:, keep] / scale)).astype(np.float32)
