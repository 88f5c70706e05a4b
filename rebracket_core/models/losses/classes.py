"""How much each class of a task counts: as rare as it is, as it was set by hand, or all alike.

A class' weight multiplies the weight of the rows that have it, in the numerator and in the denominator of a task's mean. Where
a text may have several types, each type is a question of its own with two classes: the weight of a type set by hand is that
of the texts which have it, and `balanced` counts those that have it as much as those that have not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.models.losses import functions
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES

if TYPE_CHECKING:
    import torch

    from rebracket_core.models.config import TasksConfig

ANY_TYPE, NO_TYPE = "any_type", "no_type"
_SAME = 1e-6  # below it two shares of modes are one

# By part the names of its classes, in the order of its outputs.
CLASSES: dict[str, tuple[str, ...]] = {
    "album": tuple(ALBUM_NAMES),
    **{axis: tuple(MODES[axis]) for axis in AXIS_NAMES},
    "types": tuple(TYPE_NAMES),
    "has_any_type": (ANY_TYPE, NO_TYPE),
}


def class_weights(y: dict[str, torch.Tensor], train_w: torch.Tensor, *, tasks: TasksConfig) -> dict[str, torch.Tensor]:
    """By part what multiplies the weight of its rows, for each member, from the (M, n) weights of the rows it is trained on.

    (M, n); (M, n, 8) for types where a text may have several. Empty where every class counts the same.
    """
    if not tasks.weighs_classes:
        return {}
    found = {}
    for part in CLASSES:
        if tasks.weight_of(part) <= 0:
            continue
        shares = _shares(part, y, exclusive=tasks.exclusive_types)
        if part == "types" and not tasks.exclusive_types:
            found[part] = _by_type(shares, y["types_mask"], train_w, tasks=tasks)
        else:
            found[part] = _weights(shares, train_w, names=CLASSES[part], tasks=tasks) @ shares.T
    return found


def _shares(part: str, y: dict[str, torch.Tensor], *, exclusive: bool) -> torch.Tensor:
    """(n, K) how much of a row each class of a part has; 0 for a row without a label. Modes are those with the most."""
    import torch

    if part == "album":
        return torch.nn.functional.one_hot(y["album"].clamp(min=0), len(ALBUM_NAMES)) * (y["album"] >= 0).float()[:, None]
    if part == "types":
        shares = y["types"] / y["types"].sum(dim=1, keepdim=True).clamp(min=1.0) if exclusive else y["types"]
        return shares * y["types_mask"][:, None]
    if part == "has_any_type":
        return torch.stack([y["any_type"], 1.0 - y["any_type"]], dim=1) * y["any_mask"][:, None]
    at = AXIS_NAMES.index(part)
    axis = y["axis"][:, at]
    first = (axis >= axis.max(dim=1, keepdim=True).values - _SAME).float()
    return first / first.sum(dim=1, keepdim=True) * y["axis_mask"][:, at][:, None]


def _weights(shares: torch.Tensor, train_w: torch.Tensor, *, names: tuple[str, ...], tasks: TasksConfig) -> torch.Tensor:
    """(M, K) the weights of the classes for each member."""
    import torch

    if tasks.balanced:
        return torch.from_numpy(functions.balanced_weights((train_w @ shares).numpy()))
    by_hand = tasks.manual_class_weights
    return torch.tensor([by_hand.get(name, 1.0) for name in names]).expand(len(train_w), -1)


def _by_type(types: torch.Tensor, mask: torch.Tensor, train_w: torch.Tensor, *, tasks: TasksConfig) -> torch.Tensor:
    """(M, n, 8) the weight of each row's answer to each type: yes and no are the classes."""
    import torch

    no = (1.0 - types) * mask[:, None]
    if tasks.balanced:
        counts = torch.stack([train_w @ types, train_w @ no], dim=-1)
        weights = torch.from_numpy(functions.balanced_weights(counts.numpy()))
        yes_w, no_w = weights[..., 0], weights[..., 1]
    else:
        yes_w = _weights(types, train_w, names=CLASSES["types"], tasks=tasks)
        no_w = torch.ones_like(yes_w)
    return yes_w[:, None] * types + no_w[:, None] * no
