"""The losses of tasks, part by part, and what they come to under a config's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rebracket_core.models.config import AXES, PARTS, TasksConfig
from rebracket_core.models.layout import ALBUM, AXIS, CONFIDENCE, TYPES
from rebracket_core.models.losses import functions
from rebracket_core.rainbow import AXIS_NAMES

if TYPE_CHECKING:
    import torch

# From (n, M, 9) album logits and (n,) albums the (n, M) losses: what a kind of head may put in cross-entropy's place.
AlbumLoss = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
_OTHERS = tuple(part for task, parts in PARTS.items() for part in parts if task != AXES or part not in AXIS_NAMES)


def member_losses(
    logits: torch.Tensor,
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    tasks: TasksConfig,
    class_weights: Mapping[str, torch.Tensor] | None = None,
    album_loss: AlbumLoss | None = None,
) -> torch.Tensor:
    """(M,) losses of M members from (n, M, 27) logits: the tasks' losses, weighted as the config says.

    `row_weight` (M, n); `class_weights`, as `classes.class_weights` gives them, multiply it part by part.
    """
    import torch

    parts = part_losses(logits, y, row_weight, tasks=tasks, class_weights=class_weights, album_loss=album_loss)
    if tasks.by_uncertainty:
        axes = [parts[axis] for axis in AXIS_NAMES if tasks.weight_of(axis) > 0]
        others = [parts[name] for name in _OTHERS if tasks.weight_of(name) > 0]
        return functions.uncertainty_weighted(torch.stack([*axes, *others], dim=-1))
    total: torch.Tensor = sum(tasks.weight_of(axis) * parts[axis] for axis in AXIS_NAMES)  # type: ignore[assignment]
    for name in _OTHERS:
        if name in parts:
            total = total + tasks.weight_of(name) * parts[name]
    return total


def pulls_of(
    losses: Mapping[str, torch.Tensor], *, tasks: TasksConfig, factors: Mapping[str, float] | None = None
) -> dict[str, torch.Tensor]:
    """By part the (M,) losses as they pull on what tasks share: times their weights, or divided by themselves.

    Only the parts of `tasks` that have a weight; `factors` multiplies them, and with it only its own parts are there.
    """
    out = {}
    for name in tasks.parts:
        if name not in losses or not tasks.weight_of(name) or (factors is not None and name not in factors):
            continue
        weight = functions.own_weights(losses[name]) if tasks.by_uncertainty else tasks.weight_of(name)
        out[name] = losses[name] * weight * (1.0 if factors is None else factors[name])
    return out


def part_losses(
    logits: torch.Tensor,
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    tasks: TasksConfig,
    class_weights: Mapping[str, torch.Tensor] | None = None,
    album_loss: AlbumLoss | None = None,
) -> dict[str, torch.Tensor]:
    """By part the (M,) losses of M members, each a weighted mean over the rows that have that label.

    The three axes by name, "confidence", "album", "types", and "has_any_type" where it has a weight; shapes as in
    `member_losses`.
    """
    n, members, _ = logits.shape
    axis = functions.axis_losses(
        logits[..., AXIS].reshape(n, members, -1, 3), y["axis"][:, None], kind=tasks.axis_loss, delta=tasks.axis_delta
    )
    weights = part_weights(y, row_weight, tasks=tasks, class_weights=class_weights)
    out = {name: functions.weighted_mean(axis[..., a], weights[name]) for a, name in enumerate(AXIS_NAMES)}
    conf = functions.bce(logits[..., CONFIDENCE], y["confidence"][:, None])
    out["confidence"] = functions.weighted_mean(conf, weights["confidence"])
    of_albums = album_loss or _cross_entropy(tasks)
    out["album"] = functions.weighted_mean(of_albums(logits[..., ALBUM], y["album"].clamp(min=0)), weights["album"])
    kinds, types = logits[..., TYPES], y["types"][:, None]
    if tasks.exclusive_types:
        out["types"] = functions.weighted_mean(functions.types_single(kinds, types), weights["types"])
    elif weights["types"].dim() == 2:
        out["types"] = functions.weighted_mean(functions.types_multi(kinds, types), weights["types"])
    else:
        each, share = functions.bce(kinds, types), weights["types"]
        out["types"] = functions.weighted_mean(each.permute(0, 2, 1).flatten(0, 1), share.permute(0, 2, 1).flatten(0, 1))
    if tasks.weight_of("has_any_type") > 0:
        any_type = functions.has_any_type(kinds, y["any_type"][:, None])
        out["has_any_type"] = functions.weighted_mean(any_type, weights["has_any_type"])
    return out


def part_weights(
    y: dict[str, torch.Tensor],
    row_weight: torch.Tensor,
    *,
    tasks: TasksConfig,
    class_weights: Mapping[str, torch.Tensor] | None = None,
) -> dict[str, torch.Tensor]:
    """By part the (n, M) weights of its rows, 0 for those without a label; (n, M, 8) for types that are weighed one by one."""
    typed = y["types_mask"]
    if tasks.exclusive_types:
        typed = typed * functions.with_a_type(y["types"])
    masks = {
        **{axis: y["axis_mask"][:, a] for a, axis in enumerate(AXIS_NAMES)},
        "confidence": y["confidence_mask"],
        "album": (y["album"] >= 0).float(),
        "types": typed,
    }
    if tasks.weight_of("has_any_type") > 0:
        masks["has_any_type"] = y["any_mask"]
    w, found = row_weight.T, {}
    for part, mask in masks.items():
        factor = (class_weights or {}).get(part)
        weight = w * mask[:, None]
        if factor is None:
            found[part] = weight
        else:
            found[part] = weight * factor.T if factor.dim() == 2 else weight[..., None] * factor.permute(1, 0, 2)
    return found


def _cross_entropy(tasks: TasksConfig) -> AlbumLoss:
    def loss(logits: torch.Tensor, album: torch.Tensor) -> torch.Tensor:
        n, members, _ = logits.shape
        return functions.album_cross_entropy(logits, album[:, None].expand(n, members), label_smoothing=tasks.label_smoothing)

    return loss
