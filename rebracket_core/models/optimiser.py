"""How far a step goes: the schedule of the learning rate, and outputs that learn at rates of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.models.config import OptimiserConfig
from rebracket_core.models.layout import ALBUM, N_OUTPUTS

if TYPE_CHECKING:
    import torch


def rate_factor(step: int, *, total: int, warmup: int, schedule: str) -> float:
    """The share of the learning rate at a step (from 0) of `total`: rising over `warmup` steps, then as the schedule says.

    "linear" falls evenly to 0, "cosine" as half a wave to 0, "constant" stays at 1.
    """
    if step < warmup:
        return step / max(1, warmup)
    gone = (step - warmup) / max(1, total - warmup)
    if schedule == "linear":
        return max(0.0, (total - step) / max(1, total - warmup))
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, gone))) if schedule == "cosine" else 1.0


def output_rates(config: OptimiserConfig, *, heads_rate: float) -> torch.Tensor | None:
    """(27,) how far each output moves beside the heads' own rate; None where all move alike."""
    import torch

    axes, classes = config.axes_learning_rate or heads_rate, config.classes_learning_rate or heads_rate
    if axes == classes == heads_rate or not heads_rate:
        return None
    shares = torch.full((N_OUTPUTS,), classes / heads_rate)
    shares[: ALBUM.start] = axes / heads_rate
    return shares


def move_outputs_at(optimiser: torch.optim.Optimizer, parameters: Sequence[torch.Tensor], shares: torch.Tensor) -> None:
    """Make each step of an optimiser move the outputs, the last axis of the parameters, by (27,) shares of what it would.

    Adam's steps do not depend on the size of a gradient, so for it this is a learning rate for each output.
    """
    import torch

    before: list[torch.Tensor] = []

    def remember(*_: Any) -> None:
        before[:] = [parameter.detach().clone() for parameter in parameters]

    def move(*_: Any) -> None:
        with torch.no_grad():
            for parameter, old in zip(parameters, before, strict=True):
                parameter.copy_(torch.lerp(old, parameter, shares.to(parameter).expand_as(parameter)))

    optimiser.register_step_pre_hook(remember)
    optimiser.register_step_post_hook(move)
