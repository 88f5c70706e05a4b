"""Tasks that share a backbone pull it in different directions: how their gradients become one.

Every method here turns the gradients that the tasks' losses send into the shared features into weights, one a task,
from the matrix of their inner products alone. The features, not the backbone's parameters, are where the gradients are
compared: that costs no pass through the backbone (Sener and Koltun 2018 bound the one by the other), and one pass back
trains it. Heads learn from their own loss, whatever the weights. Heads on frozen vectors share nothing, so there nothing is
to be balanced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rebracket_core.errors import MissingExtraError
from rebracket_core.models.losses.weighting import WEIGHTINGS, Weighting

# Of GradNorm's own weights: how far one step moves them, and what none falls below.
GRADNORM_STEP = 0.025
GRADNORM_LEAST = 0.01
# Added to the diagonal of gradient products, in units of its mean: two tasks may pull exactly alike.
_RIDGE = 1e-4
# A task whose gradient is so many times another's drowns it.
MUCH_LARGER = 10.0


class Balance(torch.nn.Module):
    """The weights of T tasks on a shared backbone, step by step; its state lies in buffers, so checkpoints hold it.

    `weight` (T,) GradNorm's weights, which sum to T; `first_loss` (T,) each task's first loss, NaN before it.
    """

    weight: torch.Tensor
    first_loss: torch.Tensor

    def __init__(self, method: str, *, n_tasks: int, alpha: float) -> None:
        super().__init__()
        self.weighting = WEIGHTINGS.get(method)
        self.alpha = alpha
        self._torchjd = torchjd_weighting(self.weighting) if self.weighting.torchjd else None
        self.register_buffer("weight", torch.ones(n_tasks))
        self.register_buffer("first_loss", torch.full((n_tasks,), float("nan")))

    @torch.no_grad()
    def weigh(self, losses: torch.Tensor, gramian: torch.Tensor, *, tasks_at: Sequence[int]) -> torch.Tensor:
        """(k,) weights of the k tasks at the positions `tasks_at`, from their (k,) losses and (k, k) gradient products."""
        at = torch.as_tensor(list(tasks_at), device=self.weight.device)
        if len(at) < 2:
            return torch.ones(len(at), device=self.weight.device)
        balanced = self.weighting.weigh or self._torchjd
        if balanced is not None:
            found: torch.Tensor = balanced(gramian)
            return found
        first = self.first_loss[at]
        self.first_loss[at] = torch.where(first.isnan(), losses, first)
        norms = gramian.diagonal().clamp(min=0).sqrt()
        moved = gradnorm_step(self.weight[at], norms=norms, losses=losses, first_losses=self.first_loss[at], alpha=self.alpha)
        self.weight[at] = moved
        return moved


def gradnorm_step(
    weight: torch.Tensor,
    *,
    norms: torch.Tensor,
    losses: torch.Tensor,
    first_losses: torch.Tensor,
    alpha: float,
    step: float = GRADNORM_STEP,
) -> torch.Tensor:
    """(T,) weights after one step of GradNorm (Chen et al. 2018, algorithm 1); their sum stays as it was.

    `norms` (T,) of the unweighted gradients. The target of w·n is the mean of all w·n times (relative inverse training
    rate)^alpha, held constant; the weights follow the sign of the L1 distance's gradient. The step is taken in units of the
    mean norm, so that it does not depend on how large gradients are.
    """
    weighted = weight * norms
    rate = losses / first_losses.clamp(min=1e-12)
    target = weighted.mean() * (rate / rate.mean().clamp(min=1e-12)) ** alpha
    slope = norms / norms.mean().clamp(min=1e-12) * torch.sign(weighted - target)
    moved = (weight - step * slope).clamp(min=GRADNORM_LEAST)
    return moved * weight.sum() / moved.sum()


def torchjd_weighting(weighting: Weighting) -> torch.nn.Module:
    """TorchJD's weighting of that name, a map from a Gramian to weights; a MissingExtraError where it is not installed."""
    try:
        from torchjd import aggregation
    except ImportError as cause:
        raise MissingExtraError("finetune", what=f"The weighting '{weighting.name}'") from cause
    own = {"projector": _projector()} if weighting.projects else {}
    made: torch.nn.Module = getattr(aggregation, weighting.torchjd)(**own)
    return made


def _projector() -> Any:
    """TorchJD's projection onto the dual cone, solved by SciPy: its own solver is no part of an installation.

    The least v'Gv with v >= u is u + s for the s >= 0 that brings the factor of G closest to taking u back.
    """
    from scipy.optimize import nnls
    from torchjd.linalg import DualConeProjector

    class NonNegativeProjector(DualConeProjector):
        def __call__(self, U: torch.Tensor, G: Any) -> torch.Tensor:
            scaled = (G / G.diagonal().mean().clamp(min=1e-12)).double().cpu()
            factor = torch.linalg.cholesky(scaled + _RIDGE * torch.eye(len(scaled), dtype=torch.float64)).T.numpy()
            rows = U.double().cpu().reshape(-1, len(scaled)).numpy()
            moved = [row + nnls(factor, -factor @ row)[0] for row in rows]
            return torch.as_tensor(np.stack(moved), dtype=U.dtype, device=U.device).reshape(U.shape)

    return NonNegativeProjector()


def feature_gradients(losses: Sequence[torch.Tensor], features: torch.Tensor) -> torch.Tensor:
    """(k, n) gradients that k losses send into the features, flattened, float32; the graph stays for the way back."""
    rows = [torch.autograd.grad(loss, features, retain_graph=True)[0].flatten() for loss in losses]
    return torch.stack(rows).float()


def largest_ratio(norms: Sequence[float]) -> float:
    """How many times the smallest of the norms that are not 0 the largest is; 1 where fewer than two are."""
    some = [norm for norm in norms if norm > 0]
    return max(some) / min(some) if len(some) > 1 else 1.0
