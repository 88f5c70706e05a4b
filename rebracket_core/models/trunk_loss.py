"""What a batch costs a trunk and its heads: the heads' own losses, weighted as asked, on one process or many alike.

A question's loss is a mean over the rows that have its label. With several processes each holds a part of the batch, so the
sums of weights are added up over all of them first; then the average of the processes' gradients, which is what distributed
training takes, is the gradient of the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist

from rebracket_core.models import losses
from rebracket_core.models.fit import FitOptions, question_losses
from rebracket_core.models.weighting import Balance, feature_gradients
from rebracket_core.rainbow import AXIS_NAMES

CONTRAST = "contrast"
QUESTIONS = (*AXIS_NAMES, "confidence", "album", "types", "marked")
_LOG_VARIANCE = 4.0


@dataclass(frozen=True, slots=True)
class TrunkLoss:
    """What one batch said: `total` to go back from; where it was asked, by question its loss and its gradient's norm."""

    total: torch.Tensor
    losses: dict[str, torch.Tensor]
    norms: dict[str, float]


def asked_questions(options: FitOptions) -> tuple[str, ...]:
    """The questions that weigh anything under the options, in the order of QUESTIONS."""
    return tuple(name for name in QUESTIONS if fixed_weight(options, name) > 0)


def fixed_weight(options: FitOptions, question: str) -> float:
    """The weight that the options give a question."""
    return float(getattr(options, f"{'axis' if question in AXIS_NAMES else question}_weight"))


def trunk_loss(
    told: dict[str, torch.Tensor],
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    options: FitOptions,
    questions: Sequence[str],
    album_balance: torch.Tensor | None = None,
    balance: Balance | None = None,
    contrast: float = 0.0,
    with_norms: bool = False,
) -> TrunkLoss:
    """The loss of a batch: `told` as the trunk's forward gives it, `row_weight` and `album_balance` (M, b).

    `questions` are those that this phase trains. With a `balance` the trunk follows the balanced gradient, and `told` must be
    split; without one the weights are fixed, or the losses' own where the options say so. `contrast` is the weight of
    `losses.album_contrast` on the features, of the whole batch where several processes share it; no balance touches it.
    """
    parts, whole = _parts(told["logits"], y, row_weight, options=options, album_balance=album_balance)
    here = [name for name in questions if whole[name] is not None]
    if not here:
        return TrunkLoss(told["logits"].sum() * 0.0, {}, {})
    scaled = [parts[name] * (1.0 if options.by_uncertainty else fixed_weight(options, name)) for name in here]
    if options.by_uncertainty:
        variance = torch.stack([_mean(part.detach()) for part in scaled], dim=-1).clamp(min=1e-12).log()
        total = losses.uncertainty_weighted(
            torch.stack(scaled, dim=-1), log_variance=variance.clamp(-_LOG_VARIANCE, _LOG_VARIANCE)
        ).mean()
    else:
        total = torch.stack(scaled).sum(dim=0).mean()
    means = [part.mean() for part in scaled]
    norms: dict[str, float] = {}
    flows = told["inner"].requires_grad
    if flows and (balance is not None or with_norms):
        gradients = feature_gradients(means, told["inner"])
        gramian = _summed(gradients @ gradients.T) / _processes() ** 2
        if with_norms:
            norms = dict(zip(here, gramian.diagonal().clamp(min=0).sqrt().tolist(), strict=True))
        if balance is not None and told["features"].requires_grad:
            at = [QUESTIONS.index(name) for name in here]
            weights = _same(balance.weigh(torch.stack([_mean(m.detach()) for m in means]), gramian, asked=at))
            pull = (weights.to(gradients) @ gradients).reshape(told["features"].shape)
            through = (told["features"] * pull).sum()
            total = total + through - through.detach()
    shown = {name: _mean(parts[name].detach().mean()) for name in here} if with_norms else {}
    if contrast and told["features"].requires_grad:
        apart = losses.album_contrast(_gathered(told["features"]), _gathered(y["album"]))
        total = total + contrast * apart
        if with_norms:
            shown[CONTRAST] = apart.detach()
    return TrunkLoss(total, shown, norms)


def head_penalty(weight: torch.Tensor, *, strength: float, n_train: torch.Tensor) -> torch.Tensor:
    """|w|²/(2·C·n) of (M, d, 27) heads, the mean over members: what holds heads on frozen vectors holds them here."""
    return ((weight**2).sum(dim=(1, 2)) / (2.0 * strength * n_train)).mean()


def _parts(
    logits: torch.Tensor,
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    options: FitOptions,
    album_balance: torch.Tensor | None,
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor | None]]:
    """By question the (M,) losses, each this process' share of the whole batch's times the processes, and its sum of weights.

    The sum is None where no row of the whole batch has a label of the question.
    """
    parts = question_losses(logits, y, row_weight, options=options, balance=album_balance)
    own = label_weights(y, row_weight, options=options, album_balance=album_balance)
    names = list(parts)
    mine = torch.stack([own[name] for name in names])
    whole = _summed(mine)
    share = mine / whole.clamp(min=1e-9) * _processes()
    told = {name: parts[name] * share[i] for i, name in enumerate(names)}
    return told, {name: whole[i] if bool((whole[i] > 0).any()) else None for i, name in enumerate(names)}


def label_weights(
    y: dict[str, torch.Tensor], row_weight: torch.Tensor, *, options: FitOptions, album_balance: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """By question the (M,) sums of the weights of rows that have its label: what `question_losses` divides by."""
    has_album = (y["album"] >= 0).float()
    album = row_weight if album_balance is None else row_weight * album_balance
    typed = y["types_mask"]
    if options.type_loss == losses.TypeLoss.SINGLE:
        typed = typed * losses.with_a_type(y["types"])
    return {
        **{axis: (row_weight * y["axis_mask"][:, a]).sum(dim=1) for a, axis in enumerate(AXIS_NAMES)},
        "confidence": (row_weight * y["confidence_mask"]).sum(dim=1),
        "album": (album * has_album).sum(dim=1),
        "types": (row_weight * typed).sum(dim=1),
        "marked": (row_weight * y["types_mask"]).sum(dim=1),
    }


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
