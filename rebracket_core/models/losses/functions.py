"""Predictions and targets → losses, one function for each kind of answer; every loss is per row, so that rows can be weighted.

The golden numbers of these formulas stand in the tests. `reduction` is never a mean in here: a mean before the weights is
how weights come to nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


class AxisLoss(StrEnum):
    """How far an axis' three scores are from their target."""

    KL = "kl"
    MSE = "mse"
    HUBER = "huber"
    SMOOTH_L1 = "smooth_l1"
    JSD = "jsd"


class TypeLoss(StrEnum):
    """Whether a text may have several rebracketing types, or has exactly one."""

    MULTI = "multi"
    SINGLE = "single"


def kl(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(...) Kullback-Leibler divergence KL(target‖softmax(logits)) in nats over the last axis; 0 · ln 0 counts as 0.

    It takes logits; a distribution given in their place is no error that can be seen, only a wrong number.
    """
    import torch
    from torch.nn.functional import log_softmax

    return (torch.xlogy(target, target) - target * log_softmax(logits, dim=-1)).sum(dim=-1)


def mse(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(...) mean squared difference between the softmax scores and the target over the last axis."""
    from torch.nn.functional import mse_loss, softmax

    return mse_loss(softmax(logits, dim=-1), target.expand_as(logits), reduction="none").mean(dim=-1)


def huber(logits: torch.Tensor, target: torch.Tensor, *, delta: float) -> torch.Tensor:
    """(...) mean Huber loss of the softmax scores, torch's definition: r²/2 below `delta`, else delta·(|r| - delta/2)."""
    from torch.nn.functional import huber_loss, softmax

    return huber_loss(softmax(logits, dim=-1), target.expand_as(logits), reduction="none", delta=delta).mean(dim=-1)


def smooth_l1(logits: torch.Tensor, target: torch.Tensor, *, beta: float) -> torch.Tensor:
    """(...) mean smooth L1 loss of the softmax scores, torch's definition: the Huber loss of `beta`, divided by it."""
    from torch.nn.functional import smooth_l1_loss, softmax

    return smooth_l1_loss(softmax(logits, dim=-1), target.expand_as(logits), reduction="none", beta=beta).mean(dim=-1)


def jsd(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(...) Jensen-Shannon divergence of the target and the softmax scores in nats over the last axis, 0 to ln 2.

    The mean of both one's KL divergence from their mixture; in bits, as figures show it, it is this divided by ln 2.
    """
    import torch
    from torch.nn.functional import softmax

    scores = softmax(logits, dim=-1)
    mixture = (0.5 * (scores + target)).clamp(min=torch.finfo(scores.dtype).tiny).log()
    own = torch.xlogy(target, target) - target * mixture
    other = torch.xlogy(scores, scores.clamp(min=torch.finfo(scores.dtype).tiny)) - scores * mixture
    return 0.5 * (own + other).sum(dim=-1)


def axis_losses(logits: torch.Tensor, target: torch.Tensor, *, kind: str, delta: float) -> torch.Tensor:
    """(...) losses of axes by the name of an AxisLoss; `delta` is Huber's delta and smooth L1's beta."""
    if kind == AxisLoss.KL:
        return kl(logits, target)
    if kind == AxisLoss.MSE:
        return mse(logits, target)
    if kind == AxisLoss.HUBER:
        return huber(logits, target, delta=delta)
    if kind == AxisLoss.JSD:
        return jsd(logits, target)
    return smooth_l1(logits, target, beta=delta)


def bce(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(...) binary cross-entropy in nats, element by element; the target may be any probability."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    return binary_cross_entropy_with_logits(logits, target.expand_as(logits), reduction="none")


def album_cross_entropy(logits: torch.Tensor, album_idx: torch.Tensor, *, label_smoothing: float = 0.0) -> torch.Tensor:
    """(n, M) cross-entropy of (n, M, 9) logits and (n, M) albums; `label_smoothing` shares itself out over all albums.

    Class weights are no part of it: they multiply the rows' weights, so that numerator and denominator of a weighted mean
    know the same weights (as torch's own weighted mean does).
    """
    from torch.nn.functional import cross_entropy

    return cross_entropy(logits.permute(0, 2, 1), album_idx, reduction="none", label_smoothing=label_smoothing)


def types_multi(logits: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
    """(...) mean binary cross-entropy over the types: each is predicted on its own, so a text may have none or several."""
    return bce(logits, types).mean(dim=-1)


def types_single(logits: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
    """(...) softmax cross-entropy over the types, for rows with at least one: several share the target in equal parts.

    A row without any type has no class to be of; its loss is 0 and its weight must be 0 too (see `with_a_type`).
    """
    from torch.nn.functional import log_softmax

    share = types / types.sum(dim=-1, keepdim=True).clamp(min=1.0)
    return -(share * log_softmax(logits, dim=-1)).sum(dim=-1)


def has_any_type(logits: torch.Tensor, has: torch.Tensor) -> torch.Tensor:
    """(...) cross-entropy of "has any type at all", where P(any) = 1 - Π(1 - p) over the types' own probabilities.

    `has` (...) is 1 where there is one. The binary question needs no output of its own: a text is marked where at least one
    of its types is there (noisy-or).
    """
    import torch
    from torch.nn.functional import logsigmoid

    log_none = logsigmoid(-logits).sum(dim=-1)
    log_any = torch.log(-torch.expm1(log_none.clamp(max=-1e-7)))
    return -(has * log_any + (1.0 - has) * log_none)


def with_a_type(types: torch.Tensor) -> torch.Tensor:
    """(...) 1 for rows that have a type, 0 for the others: the rows that `types_single` counts."""
    return (types.sum(dim=-1) > 0).float()


def balanced_weights(counts: np.ndarray) -> np.ndarray:
    """Class weights n/(K·count) of (..., K) counts, float32; an absent class weighs 0, for nothing can be learnt of it."""
    counts = np.asarray(counts, dtype=np.float64)
    total = counts.sum(axis=-1, keepdims=True)
    weights = np.divide(total, counts.shape[-1] * counts, out=np.zeros_like(counts), where=counts > 0)
    return weights.astype(np.float32)


def album_contrast(vectors: torch.Tensor, album_idx: torch.Tensor) -> torch.Tensor:
    """The mean squared error of the cosines of all pairs of a batch, with the target 1 within an album and 0 between two.

    `vectors` (b, d) and `album_idx` (b,), rows with -1 left out. The pairs of one album and those of two count as much as each
    other, however many there are; 0 where there is no pair. This is sentence-transformers' CosineSimilarityLoss, which SetFit
    trains with (Tunstall et al. 2022), on every pair instead of on drawn ones.
    """
    import torch
    from torch.nn.functional import normalize

    known = album_idx >= 0
    rows, albums = normalize(vectors[known], dim=1), album_idx[known]
    above = torch.ones(len(rows), len(rows), dtype=torch.bool, device=rows.device).triu(1)
    same, cosine = albums[:, None] == albums[None, :], rows @ rows.T
    sides = [((cosine - wanted) ** 2)[pairs & above] for wanted, pairs in ((1.0, same), (0.0, ~same))]
    there = [side.mean() for side in sides if len(side)]
    return torch.stack(there).mean() if there else vectors.sum() * 0.0


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """(M,) means of (n, M) values under (n, M) weights, each over the sum of its weights; 0 where they are all 0."""
    return (values * weight).sum(dim=0) / weight.sum(dim=0).clamp(min=1e-9)


# Losses beyond these bounds no longer change a question's weight: a loss that reaches 0 would weigh infinitely much.
_LOG_VARIANCE = 4.0


def uncertainty_weighted(losses: torch.Tensor, *, log_variance: torch.Tensor | None = None) -> torch.Tensor:
    """(...) sum over the last axis of exp(-v)·L + v (Kendall, Gal and Cipolla 2018, in the form that is used in code).

    Without `log_variance` each v stands at its optimum ln L, within ±4: the weights are what the losses make of them at
    every step, so nothing has to be learnt beside the heads, and the gradient is the same as at that optimum.
    """
    v = _log_variance(losses) if log_variance is None else log_variance
    return ((-v).exp() * losses + v).sum(dim=-1)


def own_weights(losses: torch.Tensor) -> torch.Tensor:
    """(...) what each loss is multiplied by in `uncertainty_weighted` at the optimum: one over itself, within e^±4."""
    return (-_log_variance(losses)).exp()


def _log_variance(losses: torch.Tensor) -> torch.Tensor:
    return losses.detach().clamp(min=1e-12).log().clamp(-_LOG_VARIANCE, _LOG_VARIANCE)
