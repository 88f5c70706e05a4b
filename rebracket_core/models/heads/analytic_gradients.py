"""The usual losses and their slopes in closed form, a part of the rows at a time: `losses.tasks.member_losses`, sooner.

Cross-entropy on softmax and sigmoid has the slope "probability minus target", so nothing has to be traced; so few rows at a
time stay in the processor's cache; and one product gives the logits for training rows and for held-out rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rebracket_core.models.layout import ALBUM, AXIS, N_AXIS_LOGITS, N_OUTPUTS, OUTPUT_TASK, TASKS, TYPES
from rebracket_core.models.losses.functions import AxisLoss, TypeLoss
from rebracket_core.models.losses.tasks import part_weights
from rebracket_core.rainbow import ALBUM_NAMES, N_MODES, TYPE_NAMES

if TYPE_CHECKING:
    import torch

    from rebracket_core.models.config import TasksConfig
    from rebracket_core.models.heads.problem import Problem

_ROWS = 512
# A matrix product takes half the time where its width is a multiple of this.
_LANES = 16
# A logit farther out counts as this: exp stays finite, and the probability is 0 or 1 in float32 long before.
_FARTHEST = 60.0


def is_known(tasks: TasksConfig) -> bool:
    """Whether the tasks ask for losses that are written here."""
    return (
        tasks.axis_loss == AxisLoss.KL
        and tasks.type_loss == TypeLoss.MULTI
        and tasks.weight_of("has_any_type") == 0
        and not tasks.by_uncertainty
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What M members are at some weights (M, d + 1, 27).

    They are the penalised losses (M, 6) on the rows of training, their slopes (M, d + 1, 27), and the losses (M, 6) on the
    rows asked about.
    """

    value: torch.Tensor
    slope: torch.Tensor
    held: torch.Tensor

    def where(self, better: torch.Tensor, other: Seen, *, wide: torch.Tensor) -> Seen:
        """The other's values where `better` (M, 6) says so, and its slopes where `wide` (M, 1, 27) does."""
        import torch

        return Seen(
            torch.where(better, other.value, self.value),
            torch.where(wide, other.slope, self.slope),
            torch.where(better, other.held, self.held),
        )


class AnalyticGradients:
    """The losses of a training on features (n, d); the last of a member's d + 1 rows of weights are its biases.

    `curvature` (27,) is how strongly each output's loss bends along a feature of mean square 1, where all logits are 0.
    """

    def __init__(self, problem: Problem, x: torch.Tensor) -> None:
        import torch

        self._x = x
        self._target = _targets(problem.y, smoothing=problem.config.tasks.label_smoothing)
        self._of = torch.tensor(OUTPUT_TASK)
        self._together, self._one, self._active = _groups(self._target)
        self._task = torch.nn.functional.one_hot(self._of, len(TASKS)).float()
        self._ease = 1.0 / (problem.config.heads.inverse_l2 * problem.n_learnt)
        own = torch.xlogy(self._target[:, AXIS], self._target[:, AXIS]) @ self._task[AXIS]
        shares = (_shares(problem, problem.learnt), _shares(problem, problem.held_out))
        self._shares = torch.cat(shares, dim=1)
        self._constant = torch.einsum("nmq,nq->mq", self._shares.double(), own.double())
        self._each = _by_output(problem)
        wide = shares[0][..., self._of]
        self._wide = wide.contiguous() if self._each is None else wide * self._each
        flat = 1.0 / (self._together.sum(dim=1) + self._one)
        self.curvature = self._wide.sum(dim=0).mean(dim=0) * flat * (1.0 - flat)

    @property
    def penalty(self) -> float:
        """How much a weight's square costs, twice: the mean over the members."""
        return float(self._ease.mean())

    def at(self, weight: torch.Tensor) -> Seen:
        """What the members are at these weights."""
        import torch

        members, dim, outputs = weight.shape
        wide = members * outputs
        flat = torch.zeros(dim, -(-wide // _LANES) * _LANES)
        flat[:, :wide] = weight.permute(1, 0, 2).reshape(dim, wide)
        slope, apart = torch.zeros_like(flat), torch.zeros(_ROWS, flat.shape[1])
        turned = torch.zeros(flat.shape[1], dim - 1)
        losses = self._constant.clone()
        for start in range(0, len(self._x), _ROWS):
            part = slice(start, start + _ROWS)
            x = self._x[part]
            z = torch.addmm(flat[-1], x, flat[:-1])[:, :wide].clamp_(-_FARTHEST, _FARTHEST).unflatten(1, (members, outputs))
            wanted = self._target[part, None]
            odds = z.exp()
            sums = (odds @ self._together).add_(self._one)
            crossed = sums.log().mul_(self._active[part, None]) - wanted * z
            crossed = (crossed if self._each is None else crossed * self._each[part]) @ self._task
            losses += (self._shares[part] * crossed.repeat(1, 2, 1)).sum(dim=0)
            odds.div_(sums).sub_(wanted).mul_(self._wide[part])
            here = apart[: len(x)]
            here[:, :wide] = odds.view(len(x), wide)
            turned.addmm_(here.T, x)
            slope[-1] += here.sum(dim=0)
        slope[:-1] = turned.T
        slopes = slope[:, :wide].view(dim, members, outputs).permute(1, 0, 2).contiguous()
        slopes[:, :-1] += weight[:, :-1] * self._ease[:, None, None]
        squares = (weight[:, :-1] ** 2).sum(dim=1) @ self._task * self._ease[:, None] / 2.0
        return Seen(losses[:members].float() + squares, slopes, losses[members:].float())


def _groups(target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What makes one formula of softmax and sigmoid: p = e/(e @ `together` + `one`) with e = exp(z).

    (27, 27) ones where two outputs are in one softmax, on the diagonal for a sigmoid; (27,) 1 for a sigmoid, which is e/(e+1);
    (n, 27) how often the logarithm of the sum counts in the cross-entropy: once a sigmoid, in all once a softmax.
    """
    import torch

    softmaxes = [slice(N_MODES * j, N_MODES * (j + 1)) for j in range(N_AXIS_LOGITS // N_MODES)] + [ALBUM]
    together, one, active = torch.eye(N_OUTPUTS), torch.ones(N_OUTPUTS), torch.ones_like(target)
    for group in softmaxes:
        together[group, group] = 1.0
        one[group] = 0.0
        active[:, group] = target[:, group]
    return together, one, active


def _targets(y: dict[str, torch.Tensor], *, smoothing: float) -> torch.Tensor:
    """(n, 27) what each output should be."""
    import torch
    from torch.nn.functional import one_hot

    k = len(ALBUM_NAMES)
    album = one_hot(y["album"].clamp(min=0), k).float() * (1.0 - smoothing) + smoothing / k
    return torch.cat([y["axis"].reshape(-1, N_AXIS_LOGITS), y["confidence"][:, None], album, y["types"]], dim=1)


def _shares(problem: Problem, row_weight: torch.Tensor) -> torch.Tensor:
    """(n, M, 6) how much a row counts for a task in a member's loss: the task's weight over all rows that have it."""
    import torch

    y, tasks, by_class = problem.y, problem.config.tasks, problem.class_weights
    weights = part_weights(y, row_weight, tasks=tasks, class_weights=by_class)
    found = []
    for name in TASKS:
        rows = weights[name]
        total = rows.flatten(2).sum(dim=2).sum(dim=0) / len(TYPE_NAMES) if rows.dim() == 3 else rows.sum(dim=0)
        if rows.dim() == 3:  # each type has a weight of its own, which `_by_output` holds
            rows = row_weight.T * y["types_mask"][:, None]
        weight = tasks.weight_of(name) / (len(TYPE_NAMES) if name == "types" else 1)
        found.append(weight * rows / total.clamp(min=1e-9))
    return torch.stack(found, dim=-1)


def _by_output(problem: Problem) -> torch.Tensor | None:
    """(n, M, 27) what multiplies each output's loss where types are weighed one by one, None where they are not."""
    import torch

    types = problem.class_weights.get("types")
    if types is None:
        return None
    each = torch.ones(types.shape[1], types.shape[0], N_OUTPUTS)
    each[..., TYPES] = types.permute(1, 0, 2)
    return each
