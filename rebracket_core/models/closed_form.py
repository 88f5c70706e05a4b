"""The usual losses and their slopes in closed form, a part of the rows at a time: what `fit.member_losses` says, sooner.

Cross-entropy on softmax and sigmoid has the slope "probability minus target", so nothing has to be traced; and so few rows at
a time stay in the processor's cache. A test holds both ways equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rebracket_core.models.layout import ALBUM, AXIS, CONFIDENCE, N_AXIS_LOGITS, N_OUTPUTS, TYPES
from rebracket_core.models.losses import AxisLoss, TypeLoss
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, N_MODES, TYPE_NAMES

if TYPE_CHECKING:
    import torch

    from rebracket_core.models.fit import FitOptions

_ROWS = 1024


def is_known(options: FitOptions) -> bool:
    """Whether the options ask for losses that are written here."""
    return (
        options.axis_loss == AxisLoss.KL
        and options.type_loss == TypeLoss.MULTI
        and options.marked_weight == 0
        and not options.evidential
        and not options.by_uncertainty
    )


def closed_form(
    x: torch.Tensor,
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    options: FitOptions,
    balance: torch.Tensor | None,
) -> Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """A function that gives the (M,) losses of weights (M, d + 1, 27) and their slopes (M, d + 1, 27), without the penalty.

    Arguments as in `fit.member_losses`; `x` (n, d + 1). A constant, the targets' own entropy, is left in.
    """
    import torch

    target = _targets(y, smoothing=options.label_smoothing)
    share = _shares(y, row_weight, options=options, balance=balance)
    members = row_weight.shape[0]
    # Σ share·target·log target over the axes: what makes a divergence of the cross-entropy.
    own = torch.xlogy(target[:, AXIS], target[:, AXIS])
    constant = torch.einsum("nmo,no->m", share[..., AXIS].double(), own.double())

    def evaluate(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        flat = weight.permute(1, 0, 2).reshape(weight.shape[1], members * N_OUTPUTS)
        slope, loss = torch.zeros_like(flat), constant.clone()
        for start in range(0, len(x), _ROWS):
            part = slice(start, start + _ROWS)
            z = (x[part] @ flat).view(-1, members, N_OUTPUTS)
            log_p, p = _answers(z)
            weighed = share[part]
            loss -= (weighed * _said(z, log_p, target=target[part])).sum(dim=(0, 2)).double()
            slope.addmm_(x[part].T, ((p - target[part, None]) * weighed).view(-1, members * N_OUTPUTS))
        return loss.float(), slope.view(-1, members, N_OUTPUTS).permute(1, 0, 2).contiguous()

    return evaluate


def _answers(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, M, 27) log-probabilities and probabilities of logits: softmax on each axis and the albums, sigmoid elsewhere."""
    import torch
    from torch.nn.functional import log_softmax, logsigmoid

    axes = log_softmax(z[..., AXIS].reshape(*z.shape[:2], len(AXIS_NAMES), N_MODES), dim=-1).flatten(2)
    yes = logsigmoid(z[..., CONFIDENCE : CONFIDENCE + 1])
    log_p = torch.cat([axes, yes, log_softmax(z[..., ALBUM], dim=-1), logsigmoid(z[..., TYPES])], dim=-1)
    return log_p, log_p.exp()


def _said(z: torch.Tensor, log_p: torch.Tensor, *, target: torch.Tensor) -> torch.Tensor:
    """(n, M, 27) target·log p; for yes and no y·log p + (1-y)·log(1-p), which is log p - (1-y)·z."""
    said = target[:, None] * log_p
    for yes in (slice(CONFIDENCE, CONFIDENCE + 1), TYPES):
        said[..., yes] = log_p[..., yes] - (1.0 - target[:, None, yes]) * z[..., yes]
    return said


def _targets(y: dict[str, torch.Tensor], *, smoothing: float) -> torch.Tensor:
    """(n, 27) what each output should be."""
    import torch
    from torch.nn.functional import one_hot

    k = len(ALBUM_NAMES)
    album = one_hot(y["album"].clamp(min=0), k).float() * (1.0 - smoothing) + smoothing / k
    return torch.cat([y["axis"].reshape(-1, N_AXIS_LOGITS), y["confidence"][:, None], album, y["types"]], dim=1)


def _shares(
    y: dict[str, torch.Tensor], row_weight: torch.Tensor, *, options: FitOptions, balance: torch.Tensor | None
) -> torch.Tensor:
    """(n, M, 27) how much a row counts for an output in a member's loss: the question's weight over all rows that have it."""
    import torch

    w = row_weight.T

    def shared(rows: torch.Tensor, weight: float, outputs: int) -> torch.Tensor:
        return (weight * rows / rows.sum(dim=0).clamp(min=1e-9))[..., None].expand(-1, -1, outputs)

    album = w * (y["album"] >= 0).float()[:, None]
    kinds = len(TYPE_NAMES)
    return torch.cat(
        [
            *(shared(w * y["axis_mask"][:, j, None], options.axis_weight, N_MODES) for j in range(len(AXIS_NAMES))),
            shared(w * y["confidence_mask"][:, None], options.confidence_weight, 1),
            shared(album if balance is None else album * balance.T, options.album_weight, len(ALBUM_NAMES)),
            shared(w * y["types_mask"][:, None], options.types_weight / kinds, kinds),
        ],
        dim=-1,
    )
