"""Vectors and targets → an ensemble of linear heads, all members trained in one pass.

A member's weights never meet another member's, so the sum of the members' losses trains each as if it were alone.
The loss is convex and full-batch; L-BFGS needs tens of steps where AdamW needs hundreds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.models.ensemble import HeadEnsemble
from rebracket_core.models.layout import ALBUM, AXIS, CONFIDENCE, N_OUTPUTS, TYPES

if TYPE_CHECKING:
    import torch

OnStep = Callable[[int, np.ndarray], None]

# Below this many numbers a second thread waits longer for the first than it works.
_WORTH_THREADS = 20_000_000


@dataclass(frozen=True, slots=True)
class HeadTargets:
    """Targets of n rows as plain arrays; see corpus.targets for their meaning. Masks are 0/1 floats.

    `axis` (n, 3, 3), `axis_mask` (n, 3), `confidence` (n,), `confidence_mask` (n,), `album_idx` (n,) with -1 for none,
    `types` (n, 8), `types_mask` (n,), `weight` (n,).
    """

    axis: np.ndarray
    axis_mask: np.ndarray
    confidence: np.ndarray
    confidence_mask: np.ndarray
    album_idx: np.ndarray
    types: np.ndarray
    types_mask: np.ndarray
    weight: np.ndarray

    def take(self, rows: np.ndarray) -> HeadTargets:
        """The targets of some rows, in the given order."""
        return HeadTargets(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How heads are fitted.

    `strength` is the inverse of the penalty, as C in scikit-learn's LogisticRegression: the mean loss of n rows is
    penalised by |w|²/(2·C·n). `max_steps` and `patience` count steps of four L-BFGS iterations.
    """

    strength: float = 10.0
    max_steps: int = 60
    patience: int = 8
    seed: int = 0
    album_weight: float = 1.0
    axis_weight: float = 1.0
    confidence_weight: float = 0.5
    types_weight: float = 0.5


def fit_heads(
    features: np.ndarray,
    targets: HeadTargets,
    *,
    member_weights: np.ndarray,
    options: FitOptions,
    on_step: OnStep | None = None,
) -> HeadEnsemble:
    """An ensemble of M linear heads, one pass for all.

    `features` (n, d) float32; `member_weights` (M, n): a row's weight in a member's training, where 0 leaves the row out.
    Rows that a member leaves out stop it early: the member keeps the weights of the step with the lowest loss there.
    `on_step` is told, after each step, its number (from 1) and each member's loss on the rows that it left out, (M,).
    """
    import torch

    torch.manual_seed(options.seed)
    rotated, back = _rotate(features)
    threads = torch.get_num_threads()
    if rotated.size * len(member_weights) < _WORTH_THREADS:
        torch.set_num_threads(1)
    try:
        weight, bias = _minimise(rotated, targets, member_weights=member_weights, options=options, on_step=on_step)
    finally:
        torch.set_num_threads(threads)
    full = np.einsum("dr,mro->mdo", back, weight) if back is not None else weight
    return HeadEnsemble(weight=np.ascontiguousarray(full, dtype=np.float32), bias=bias)


def _minimise(
    rotated: np.ndarray,
    targets: HeadTargets,
    *,
    member_weights: np.ndarray,
    options: FitOptions,
    on_step: OnStep | None,
) -> tuple[np.ndarray, np.ndarray]:
    """(M, r, 27) weights and (M, 27) biases of the members, each at its best step."""
    import torch

    x = torch.from_numpy(rotated)
    y = _tensors(targets)
    members, dim = member_weights.shape[0], rotated.shape[1]
    train_w = torch.from_numpy(member_weights.astype(np.float32)) * y["weight"]
    held_w = torch.from_numpy((member_weights == 0).astype(np.float32)) * y["weight"]
    weight = torch.zeros(members, dim, N_OUTPUTS, requires_grad=True)
    bias = torch.zeros(members, N_OUTPUTS, requires_grad=True)
    n_train = torch.from_numpy((member_weights > 0).sum(axis=1).astype(np.float32)).clamp(min=1.0)
    optimiser = torch.optim.LBFGS([weight, bias], lr=1.0, max_iter=4, history_size=12, line_search_fn="strong_wolfe")
    best_loss = torch.full((members,), torch.inf)
    best = (torch.zeros_like(weight), torch.zeros_like(bias))
    stale = torch.zeros(members)
    has_held = bool((held_w.sum(dim=1) > 0).all())

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = member_losses(_logits(x, weight, bias), y, train_w, options=options).sum()
        loss = loss + ((weight**2).sum(dim=(1, 2)) / (2.0 * options.strength * n_train)).sum()
        loss.backward()
        return loss

    for step in range(options.max_steps):
        optimiser.step(closure)
        with torch.no_grad():
            held = member_losses(_logits(x, weight, bias), y, held_w if has_held else train_w, options=options)
            better = held < best_loss - 1e-5
            best_loss = torch.where(better, held, best_loss)
            best[0][better], best[1][better] = weight[better].detach(), bias[better].detach()
            stale = torch.where(better, torch.zeros_like(stale), stale + 1)
        if on_step:
            on_step(step + 1, held.numpy())
        if bool((stale >= options.patience).all()):
            break
    return best[0].numpy(), best[1].numpy()


def member_losses(
    logits: torch.Tensor, y: dict[str, torch.Tensor], row_weight: torch.Tensor, *, options: FitOptions
) -> torch.Tensor:
    """(M,) losses of M members from (n, M, 27) logits, each part a weighted mean over the rows that have that label.

    Axes: KL(target‖prediction) summed over the three axes; confidence: BCE; album: cross-entropy; types: mean BCE.
    `row_weight` (M, n).
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, log_softmax

    n, members, _ = logits.shape
    w = row_weight.T

    def mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        weighted = w * mask[:, None]
        return (values * weighted).sum(dim=0) / weighted.sum(dim=0).clamp(min=1e-9)

    log_p = log_softmax(logits[..., AXIS].reshape(n, members, -1, 3), dim=-1)
    target = y["axis"][:, None]
    kl = (torch.xlogy(target, target) - target * log_p).sum(dim=-1)
    axis = sum(mean(kl[..., a], y["axis_mask"][:, a]) for a in range(kl.shape[-1]))
    conf = logits[..., CONFIDENCE]
    confidence = mean(
        binary_cross_entropy_with_logits(conf, y["confidence"][:, None].expand_as(conf), reduction="none"),
        y["confidence_mask"],
    )
    has_album = (y["album"] >= 0).float()
    album_target = y["album"].clamp(min=0)[:, None].expand(n, members)
    album = mean(cross_entropy(logits[..., ALBUM].permute(0, 2, 1), album_target, reduction="none"), has_album)
    kinds = logits[..., TYPES]
    per_type = binary_cross_entropy_with_logits(kinds, y["types"][:, None].expand_as(kinds), reduction="none")
    types = mean(per_type.mean(dim=-1), y["types_mask"])
    return (
        options.axis_weight * axis
        + options.confidence_weight * confidence
        + options.album_weight * album
        + options.types_weight * types
    )


def _logits(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    members, dim, outputs = weight.shape
    flat = weight.permute(1, 0, 2).reshape(dim, members * outputs)
    return (x @ flat).reshape(len(x), members, outputs) + bias


def _rotate(features: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Features in the basis of their own row space, where that is narrower, and the way back to weights.

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


def _tensors(targets: HeadTargets) -> dict[str, torch.Tensor]:
    import torch

    floats = ("axis", "axis_mask", "confidence", "confidence_mask", "types", "types_mask", "weight")
    out = {name: torch.from_numpy(np.asarray(getattr(targets, name), dtype=np.float32)) for name in floats}
    return {**out, "album": torch.from_numpy(np.asarray(targets.album_idx, dtype=np.int64))}
