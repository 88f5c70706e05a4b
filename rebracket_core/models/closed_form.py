"""The usual losses and their slopes in closed form, a part of the rows at a time: what `fit.member_losses` says, sooner.

Cross-entropy on softmax and sigmoid has the slope "probability minus target", so nothing has to be traced; and so few rows at
a time stay in the processor's cache. A test holds both ways equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rebracket_core.models.layout import ALBUM, AXIS, N_AXIS_LOGITS, N_OUTPUTS
from rebracket_core.models.losses import AxisLoss, TypeLoss
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, N_MODES, TYPE_NAMES

if TYPE_CHECKING:
    import torch

    from rebracket_core.models.fit import FitOptions

_ROWS = 1024
# A logit farther out counts as this: exp stays finite, and the probability is 0 or 1 in float32 long before.
_FARTHEST = 60.0


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
    slopes: bool = True,
) -> Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """A function that gives the (M, 27) losses of weights (M, d + 1, 27) and their slopes (M, d + 1, 27), without the penalty.

    The losses are by output; those of a question's outputs add up to the question's. Arguments as in `fit.member_losses`;
    `x` (n, d + 1). Without `slopes` these are 0.
    """
    import torch

    target = _targets(y, smoothing=options.label_smoothing)
    share = _shares(y, row_weight, options=options, balance=balance)
    members = row_weight.shape[0]
    together, one, asked = _groups(target)
    # Σ share·target·log target over the axes: what makes a divergence of the cross-entropy.
    own = torch.xlogy(target[:, AXIS], target[:, AXIS])
    constant = torch.zeros(members, N_OUTPUTS, dtype=torch.double)
    constant[:, AXIS] = torch.einsum("nmo,no->mo", share[..., AXIS].double(), own.double())

    def evaluate(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        flat = weight.permute(1, 0, 2).reshape(weight.shape[1], members * N_OUTPUTS)
        slope, loss = torch.zeros_like(flat), constant.clone()
        for start in range(0, len(x), _ROWS):
            part = slice(start, start + _ROWS)
            z = (x[part] @ flat).clamp_(-_FARTHEST, _FARTHEST).view(-1, members, N_OUTPUTS)
            weighed, wanted = share[part], target[part, None]
            odds = z.exp()
            sums = (odds @ together).add_(one)
            loss += (weighed * (asked[part, None] * sums.log() - wanted * z)).sum(dim=0).double()
            if slopes:
                apart = odds.div_(sums).sub_(wanted).mul_(weighed)
                slope.addmm_(x[part].T, apart.view(-1, members * N_OUTPUTS))
        return loss.float(), slope.view(-1, members, N_OUTPUTS).permute(1, 0, 2).contiguous()

    return evaluate


def _groups(target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What makes one formula of softmax and sigmoid: p = e/(e @ `together` + `one`) with e = exp(z).

    (27, 27) ones where two outputs are in one softmax, on the diagonal for a sigmoid; (27,) 1 for a sigmoid, which is e/(e+1);
    (n, 27) how often the logarithm of the sum counts in the cross-entropy: once a sigmoid, in all once a softmax.
    """
    import torch

    softmaxes = [slice(N_MODES * j, N_MODES * (j + 1)) for j in range(N_AXIS_LOGITS // N_MODES)] + [ALBUM]
    together, one, asked = torch.eye(N_OUTPUTS), torch.ones(N_OUTPUTS), torch.ones_like(target)
    for group in softmaxes:
        together[group, group] = 1.0
        one[group] = 0.0
        asked[:, group] = target[:, group]
    return together, one, asked


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
