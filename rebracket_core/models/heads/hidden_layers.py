"""Features → hidden layers → logits in PyTorch, all members of an ensemble side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# A layer of all members: its weights (M, i, o) and biases (M, o).
Layer = tuple[Any, Any]


def hidden_logits(
    features: torch.Tensor, *, layers: Sequence[Layer], last: Layer, activation: str, dropout: float = 0.0
) -> torch.Tensor:
    """(n, M, 27) logits of (n, d) features in PyTorch; `dropout` leaves so much of each hidden layer out."""
    at = last_hidden(features, layers=layers, activation=activation, dropout=dropout)
    return outputs_of(at, last=last)


def last_hidden(features: torch.Tensor, *, layers: Sequence[Layer], activation: str, dropout: float = 0.0) -> torch.Tensor:
    """(M, n, h) what the last hidden layer gives."""
    import torch

    bend: Callable[[torch.Tensor], torch.Tensor] = {"relu": torch.relu, "gelu": torch.nn.functional.gelu, "tanh": torch.tanh}[
        activation
    ]
    at = features.expand(len(layers[0][0]), *features.shape)
    for weight, bias in layers:
        at = bend(torch.baddbmm(bias[:, None], at, weight))
        if dropout:
            at = torch.nn.functional.dropout(at, dropout)
    return at


def outputs_of(hidden: torch.Tensor, *, last: Layer) -> torch.Tensor:
    """(n, M, 27) logits of the (M, n, h) last hidden layer."""
    import torch

    return torch.baddbmm(last[1][:, None], hidden, last[0]).transpose(0, 1)
