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
    """The loss of one batch: `total` to go back from; on request, by part its loss and its gradient's norm, before any cut.

    `whole` are the parts' losses, of the whole batch whichever process asks, unweighted.
    """

    total: torch.Tensor
    losses: dict[str, torch.Tensor]
    norms: dict[str, float]
    whole: dict[str, torch.Tensor]


def backbone_loss(
    output: dict[str, torch.Tensor],
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    tasks: TasksConfig,
    parts: Sequence[str],
    class_weights: Mapping[str, torch.Tensor] | None = None,
    balance: Balance | None = None,
    factors: Mapping[str, float] | None = None,
    task_grad_norm: float = 0.0,
    with_norms: bool = False,
) -> BackboneLoss:
    """The loss of a batch: `output` as the backbone's forward gives it, `row_weight` (M, b).

    `class_weights` are those of the batch's rows, as `classes.class_weights` gives them; `parts` are those of the tasks that
    this step trains, `factors` what multiplies each one's weight (1 where it has none). With a `balance` the backbone follows
    the balanced gradient; with `task_grad_norm` above 0 each part's gradient is cut to that length where it enters the
    features. Either needs a split `output`; without one the weights are fixed, or the losses' own where the tasks say so. No
    balance touches the contrastive loss.
    """
    each, whole = _parts(output["logits"], y, row_weight, tasks=tasks, class_weights=class_weights)
    here = [name for name in parts if whole[name] is not None]
    if not here:
        return BackboneLoss(output["logits"].sum() * 0.0, {}, {}, {})
    pulls, total = _weighted({name: each[name] for name in here}, tasks=tasks, factors=factors or {})
    norms: dict[str, float] = {}
    if output["inner"].requires_grad and (balance is not None or task_grad_norm or with_norms):
        lengths, gradient = _pulled(output, pulls, parts=here, balance=balance, task_grad_norm=task_grad_norm)
        norms = dict(zip(here, lengths.tolist(), strict=True)) if with_norms else {}
        if (balance is not None or task_grad_norm) and output["features"].requires_grad:
            total = _with_gradient(total, gradient, at=output["features"])
    of_batch = {name: _mean(each[name].detach().mean()) for name in here} if with_norms or tasks.by_pace else {}
    shown = dict(of_batch) if with_norms else {}
    if (weight := tasks.contrastive_loss_weight) and output["features"].requires_grad:
        apart = functions.album_contrast(_gathered(output["features"]), _gathered(y["album"]))
        total = total + weight * apart
        if with_norms:
            shown[CONTRASTIVE] = apart.detach()
    return BackboneLoss(total, shown, norms, of_batch)


def _pulled(
    output: dict[str, torch.Tensor],
    pulls: Sequence[torch.Tensor],
    *,
    parts: Sequence[str],
    balance: Balance | None,
    task_grad_norm: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(k,) lengths of the parts' gradients at the features, before any cut, and what they come to, cut and balanced."""
    means = [part.mean() for part in pulls]
    gradients = feature_gradients(means, output["inner"])
    gramian = _summed(gradients @ gradients.T) / _processes() ** 2
    lengths = gramian.diagonal().clamp(min=0).sqrt()
    weights = cut_lengths(lengths, most=task_grad_norm)
    if balance is not None and output["features"].requires_grad:
        cut_gramian = gramian * weights[:, None] * weights[None, :]
        weights = weights * _balanced_weights(balance, means, gramian=cut_gramian, parts=parts).to(weights)
    return lengths, weights.to(gradients) @ gradients


def cut_lengths(lengths: torch.Tensor, *, most: float) -> torch.Tensor:
    """(k,) what k gradients of these lengths are multiplied by so that none is longer than `most`; 1 where `most` is 0."""
    return (most / lengths.clamp(min=1e-12)).clamp(max=1.0) if most else torch.ones_like(lengths)


def _weighted(
    losses: dict[str, torch.Tensor], *, tasks: TasksConfig, factors: Mapping[str, float]
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The (M,) losses of the parts as they pull, and their () total, the mean over the ensemble.

    They pull with the tasks' weights, or, weighted by uncertainty, divided by themselves: the total then takes each one's log
    for its log-variance. `factors` multiplies either.
    """
    scale = [factors.get(name, 1.0) for name in losses]
    if not tasks.by_uncertainty:
        pulls = [loss * (tasks.weight_of(name) * by) for (name, loss), by in zip(losses.items(), scale, strict=True)]
        return pulls, torch.stack(pulls).sum(dim=0).mean()
    variance = [_mean(loss.detach()).clamp(min=1e-12).log().clamp(-_LOG_VARIANCE, _LOG_VARIANCE) for loss in losses.values()]
    pulls = [(-v).exp() * loss * by for v, loss, by in zip(variance, losses.values(), scale, strict=True)]
    constants = torch.stack([v * by for v, by in zip(variance, scale, strict=True)])
    return pulls, (torch.stack(pulls) + constants).sum(dim=0).mean()


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


def head_penalty(weights: Sequence[torch.Tensor], *, inverse_l2: float, n_train: torch.Tensor) -> torch.Tensor:
    """|w|²/(2·C·n) of the heads' (M, d, k) layers, the mean over members: the penalty of heads on frozen vectors."""
    squares = torch.stack([(weight**2).sum(dim=(1, 2)) for weight in weights]).sum(dim=0)
    return (squares / (2.0 * inverse_l2 * n_train)).mean()


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
