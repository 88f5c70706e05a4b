"""Heads with hidden layers, which all tasks share: what a text is turned into first is learnt from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from rebracket_core.models.config import FitConfig
from rebracket_core.models.heads.base import Head
from rebracket_core.models.heads.hidden_layers import Layer, hidden_logits
from rebracket_core.models.heads.linear import log_odds
from rebracket_core.models.heads.problem import OnStep, Problem, row_space
from rebracket_core.models.layout import ALBUM, TYPES
from rebracket_core.models.targets import HeadTargets
from rebracket_core.options import Choice, Choices, Range, option, refuse_unless

if TYPE_CHECKING:
    import torch

ACTIVATIONS = ("relu", "gelu", "tanh")
_WIDEST, _DEEPEST = 4096, 4
_SHAPES = (
    Choice("relu", "ReLU", "what is below 0 counts as 0"),
    Choice("gelu", "GELU", "a smooth ReLU"),
    Choice("tanh", "Tanh", "bent to between -1 and 1"),
)


@dataclass(frozen=True, slots=True)
class HiddenOptions:
    """What heads with hidden layers ask for."""

    hidden_layers: tuple[str, ...] = option(
        ("256",),
        label="Hidden layers",
        searchable=Choices(("64", "256", "256,128")),
        help=f"The width of each, with commas between: 256,128 is two. At most {_DEEPEST}, none wider than {_WIDEST}.",
    )
    hidden_dropout: float = option(
        0.3,
        low=0.0,
        high=0.9,
        step=0.05,
        label="Dropout of hidden layers",
        searchable=Range(0.0, 0.6),
        help="So much of each hidden layer is left out of a step at random, in training alone.",
    )
    activation: str = option("relu", choices=_SHAPES, label="Activation", help="How the output of a hidden layer is bent.")
    hidden_learning_rate: float = option(
        1e-3,
        low=1e-6,
        high=1.0,
        step=1e-4,
        label="Learning rate of hidden layers",
        searchable=Range(1e-4, 1e-2, log=True),
        needs={"method": ("frozen",)},
        help="How far one step moves them on frozen vectors; where the encoder learns too, head_learning_rate says so.",
    )
    hidden_batch_size: int = option(
        64,
        low=1,
        high=100_000,
        step=16,
        label="Batch size of hidden layers",
        needs={"method": ("frozen",)},
        help="Texts a step on frozen vectors; one of the most steps is a pass over all texts.",
    )


@dataclass(frozen=True, slots=True)
class HiddenHead(Head):
    """M heads with hidden layers: `layers` from the features on, then `weight` (M, h, 27) and `bias` (M, 27) on the last.

    `activation` bends each hidden layer; `exclusive_types` as in `LinearHead`.
    """

    layers: tuple[Layer, ...]
    weight: np.ndarray
    bias: np.ndarray
    activation: str = "relu"
    exclusive_types: bool = False

    name = "hidden"
    label = "Hidden layers"
    help = (
        "The classifiers of the ensemble have hidden layers that all tasks share. They can see what features say together; "
        "with few songs they learn them by heart, so compare with the linear ones."
    )
    Options = HiddenOptions
    sees = (
        "Aleatoric is the uncertainty that all classifiers share: the text itself is between albums. Epistemic is their "
        "disagreement: songs that some of them did not learn from, and where they began, would have changed the prediction."
    )
    limits = (
        "The classifiers of the ensemble share one set of vectors, below their hidden layers. Where they agree, that says that "
        "the labels were learnt alike, not that the text is of a known kind."
    )
    trains_with_backbone = True
    shares_weights = True

    @classmethod
    def check(cls, config: FitConfig) -> None:
        """Raise a ConfigError where a hidden layer has no width that can be built."""
        refuse_unless(
            "hidden_layers",
            0 < len(config.options.hidden_layers) <= _DEEPEST and all(map(_is_width, config.options.hidden_layers)),
            expected=f"1 to {_DEEPEST} whole numbers of 1 to {_WIDEST} with commas between, such as 256,128",
            found=",".join(config.options.hidden_layers),
        )

    @classmethod
    def fit(
        cls,
        features: np.ndarray,
        targets: HeadTargets,
        *,
        member_weights: np.ndarray,
        config: FitConfig,
        on_step: OnStep | None = None,
    ) -> Self:
        """An ensemble of M heads, trained batch by batch; arguments as in `Head.fit`, a step is a pass over all rows."""
        from rebracket_core.models.heads.minibatch_solver import fit_in_batches

        prepared, back = row_space(features)
        problem = Problem.of(targets, member_weights=member_weights, config=config)
        layers, weight, bias = fit_in_batches(prepared, problem, on_step=on_step)
        if back is not None:
            first = np.einsum("dr,mrh->mdh", back, layers[0][0]).astype(np.float32)
            layers = ((np.ascontiguousarray(first), layers[0][1]), *layers[1:])
        return cls(tuple(layers), weight, bias, config.options.activation, config.tasks.exclusive_types)

    @property
    def n_members(self) -> int:
        """How many heads there are."""
        return int(self.weight.shape[0])

    @property
    def dim(self) -> int:
        """The width of the features that the heads take."""
        return int(self.layers[0][0].shape[1])

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n, M, 27) float32 logits of (n, d) features."""
        at: np.ndarray = np.asarray(features, dtype=np.float32)[None]
        for weight, bias in self.layers:
            at = _bent(np.matmul(at, weight) + bias[:, None], self.activation)
        found: np.ndarray = (np.matmul(at, self.weight) + self.bias[:, None]).transpose(1, 0, 2)
        if self.exclusive_types:
            found[..., TYPES] = log_odds(found[..., TYPES])
        return np.ascontiguousarray(found, dtype=np.float32)

    def torch_logits(self, features: torch.Tensor) -> torch.Tensor:
        """(n, M, 27) float64 logits of (n, d) features, differentiable."""
        import torch

        layers = [(torch.from_numpy(w), torch.from_numpy(b)) for w, b in self.layers]
        z = hidden_logits(
            features.float(),
            layers=layers,
            last=(torch.from_numpy(self.weight), torch.from_numpy(self.bias)),
            activation=self.activation,
        ).double()
        if not self.exclusive_types:
            return z
        kinds = z[..., TYPES]
        eye = torch.eye(kinds.shape[-1], dtype=torch.bool)
        others = kinds[..., None, :].masked_fill(eye, -torch.inf)
        return torch.cat([z[..., : ALBUM.stop], kinds - torch.logsumexp(others, dim=-1)], dim=-1)

    def part(self, columns: np.ndarray) -> Self:
        """The heads on some of the feature columns, (k,) indices."""
        weight, bias = self.layers[0]
        return replace(self, layers=((np.ascontiguousarray(weight[:, columns]), bias), *self.layers[1:]))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """`weight`, `bias`, `hidden.N.weight` and `hidden.N.bias` for each layer, and `activation`, its place in the list."""
        arrays = {"weight": self.weight, "bias": self.bias, "activation": np.array([ACTIVATIONS.index(self.activation)])}
        for i, (weight, bias) in enumerate(self.layers):
            arrays |= {f"hidden.{i}.weight": weight, f"hidden.{i}.bias": bias}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, exclusive_types: bool) -> Self:
        """The heads of what `to_arrays` gave; KeyError where an array lacks."""
        names = sorted(
            (n for n in arrays if n.startswith("hidden.") and n.endswith(".weight")), key=lambda n: int(n.split(".")[1])
        )
        layers = tuple((arrays[name], arrays[name.replace(".weight", ".bias")]) for name in names)
        if not layers:
            raise KeyError("hidden.0.weight")
        bend = ACTIVATIONS[int(arrays["activation"][0])]
        return cls(layers, arrays["weight"], arrays["bias"], bend, exclusive_types)


def _bent(values: np.ndarray, activation: str) -> np.ndarray:
    if activation == "relu":
        return np.maximum(values, 0.0)
    if activation == "tanh":
        return np.tanh(values)
    from scipy.special import erf

    bent: np.ndarray = values * 0.5 * (1.0 + erf(values / np.sqrt(2.0)))
    return bent.astype(np.float32)


def _is_width(word: str) -> bool:
    return word.isdecimal() and len(word) <= 4 and 1 <= int(word) <= _WIDEST
