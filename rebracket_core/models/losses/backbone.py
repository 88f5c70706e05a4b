"""What a batch costs a backbone and its heads: the heads' own losses, weighted as configured, on one process or many alike.

A part's loss is a mean over the rows that have its label. With several processes each holds a part of the batch, so the
sums of weights are added up over all of them first; then the average of the processes' gradients, which is what distributed
training takes, is the gradient of the whole batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist

from rebracket_core.models.config import PARTS, TasksConfig
from rebracket_core.models.losses import functions
from rebracket_core.models.losses.gradient_balance import Balance, feature_gradients
from rebracket_core.models.losses.tasks import part_losses, part_weights

CONTRASTIVE = "contrastive"
ALL_PARTS = tuple(part for parts in PARTS.values() for part in parts)
_LOG_VARIANCE = 4.0


@dataclass(frozen=True, slots=True)
class BackboneLoss:
    """The loss of one batch: `total` to go back from; on request, by part its loss and its gradient's norm."""

    total: torch.Tensor
    losses: dict[str, torch.Tensor]
    norms: dict[str, float]


def backbone_loss(
    output: dict[str, torch.Tensor],
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    tasks: TasksConfig,
    parts: Sequence[str],
    class_weights: Mapping[str, torch.Tensor] | None = None,
    balance: Balance | None = None,
    with_norms: bool = False,
) -> BackboneLoss:
    """The loss of a batch: `output` as the backbone's forward gives it, `row_weight` (M, b).

    `class_weights` are those of the batch's rows, as `classes.class_weights` gives them.
    `parts` are those of the tasks that this phase trains. With a `balance` the backbone follows the balanced gradient,
    and `output` must be split; without one the weights are fixed, or the losses' own where the tasks say so. The contrastive
    loss is of the features of the whole batch where several processes share it; no balance touches it.
    """
    each, whole = _parts(output["logits"], y, row_weight, tasks=tasks, class_weights=class_weights)
    here = [name for name in parts if whole[name] is not None]
    if not here:
        return BackboneLoss(output["logits"].sum() * 0.0, {}, {})
    scaled, total = _weighted({name: each[name] for name in here}, tasks=tasks)
    norms: dict[str, float] = {}
    if output["inner"].requires_grad and (balance is not None or with_norms):
        means = [part.mean() for part in scaled]
        gradients = feature_gradients(means, output["inner"])
        gramian = _summed(gradients @ gradients.T) / _processes() ** 2
        if with_norms:
            norms = dict(zip(here, gramian.diagonal().clamp(min=0).sqrt().tolist(), strict=True))
        if balance is not None and output["features"].requires_grad:
            weights = _balanced_weights(balance, means, gramian=gramian, parts=here)
            total = _with_gradient(total, weights.to(gradients) @ gradients, at=output["features"])
    shown = {name: _mean(each[name].detach().mean()) for name in here} if with_norms else {}
    if (weight := tasks.contrastive_loss_weight) and output["features"].requires_grad:
        apart = functions.album_contrast(_gathered(output["features"]), _gathered(y["album"]))
        total = total + weight * apart
        if with_norms:
            shown[CONTRASTIVE] = apart.detach()
    return BackboneLoss(total, shown, norms)


def _weighted(losses: dict[str, torch.Tensor], *, tasks: TasksConfig) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The (M,) losses of the parts times the tasks' weights, and their () total, the mean over the ensemble.

    Weighted by uncertainty, the losses stay as they are and the total takes each one's log for its log-variance.
    """
    if not tasks.by_uncertainty:
        scaled = [loss * tasks.weight_of(name) for name, loss in losses.items()]
        return scaled, torch.stack(scaled).sum(dim=0).mean()
    scaled = list(losses.values())
    variance = torch.stack([_mean(part.detach()) for part in scaled], dim=-1).clamp(min=1e-12).log()
    total = functions.uncertainty_weighted(
        torch.stack(scaled, dim=-1), log_variance=variance.clamp(-_LOG_VARIANCE, _LOG_VARIANCE)
    ).mean()
    return scaled, total


def _balanced_weights(
    balance: Balance, losses: Sequence[torch.Tensor], *, gramian: torch.Tensor, parts: Sequence[str]
) -> torch.Tensor:
    """The (P,) weights of the parts' gradients, from their () losses and the (P, P) `gramian`, the same on every process."""
    shared = torch.stack([_mean(loss.detach()) for loss in losses])
    return _same(balance.weigh(shared, gramian, tasks_at=[ALL_PARTS.index(name) for name in parts]))


def _with_gradient(total: torch.Tensor, gradient: torch.Tensor, *, at: torch.Tensor) -> torch.Tensor:
    """`total` with its value unchanged, whose backward pass adds `gradient` to that of the features `at`."""
    through = (at * gradient.reshape(at.shape)).sum()
    return total + through - through.detach()


def head_penalty(weight: torch.Tensor, *, inverse_l2: float, n_train: torch.Tensor) -> torch.Tensor:
    """|w|²/(2·C·n) of (M, d, 27) heads, the mean over members: what holds heads on frozen vectors holds them here."""
    return ((weight**2).sum(dim=(1, 2)) / (2.0 * inverse_l2 * n_train)).mean()


def _parts(
    logits: torch.Tensor,
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    tasks: TasksConfig,
    class_weights: Mapping[str, torch.Tensor] | None,
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor | None]]:
    """By part the (M,) losses, each this process' share of the whole batch's times the processes, and its sum of weights.

    The sum is None where no row of the whole batch has a label of the part.
    """
    found = part_losses(logits, y, row_weight, tasks=tasks, class_weights=class_weights)
    own = label_weights(y, row_weight, tasks=tasks, class_weights=class_weights)
    names = list(found)
    mine = torch.stack([own[name] for name in names])
    whole = _summed(mine)
    share = mine / whole.clamp(min=1e-9) * _processes()
    losses = {name: found[name] * share[i] for i, name in enumerate(names)}
    return losses, {name: whole[i] if bool((whole[i] > 0).any()) else None for i, name in enumerate(names)}


def label_weights(
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    tasks: TasksConfig,
    class_weights: Mapping[str, torch.Tensor] | None = None,
) -> dict[str, torch.Tensor]:
    """By part the (M,) sums of the weights of rows that have its label: what `part_losses` divides by."""
    weights = part_weights(y, row_weight, tasks=tasks, class_weights=class_weights)
    return {part: rows.sum(dim=0) if rows.dim() == 2 else rows.sum(dim=(0, 2)) for part, rows in weights.items()}


def _processes() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def _summed(values: torch.Tensor) -> torch.Tensor:
    """The sum over all processes; the same values where there is one."""
    if _processes() > 1:
        values = values.clone()
        dist.all_reduce(values)
    return values


def _gathered(values: torch.Tensor) -> torch.Tensor:
    """The rows of all processes' parts of the batch, with the way back to each."""
    if _processes() == 1:
        return values
    from torch.distributed.nn.functional import all_gather

    return torch.cat(list(all_gather(values)))


def _mean(values: torch.Tensor) -> torch.Tensor:
    return _summed(values) / _processes()


def _same(values: torch.Tensor) -> torch.Tensor:
    """The first process' values on every process: a method that draws by lot draws once."""
    if _processes() > 1:
        values = values.clone()
        dist.broadcast(values, src=0)
    return values
