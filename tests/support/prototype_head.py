"""A kind of head that is no part of the engine: what somebody outside would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from rebracket_core.models import FitConfig, HeadTargets
from rebracket_core.models.heads import Head
from rebracket_core.options import Range, option


@dataclass(frozen=True, slots=True)
class PrototypeOptions:
    """What the made-up head asks for."""

    sharpness: float = option(
        2.0,
        low=0.1,
        high=50.0,
        step=0.1,
        label="Sharpness",
        searchable=Range(0.5, 8.0, log=True),
        help="How quickly a prototype loses its say with the squared distance from it.",
    )


@dataclass(frozen=True, slots=True)
class PrototypeHead(Head):
    """Each output's logit falls with the squared distance from the mean of its rows: `centre` (M, 27, d), `sharpness` (1,)."""

    centre: np.ndarray
    sharpness: np.ndarray

    name = "prototype"
    label = "Prototypes"
    help = "Every output has a prototype, the mean of its rows; the nearest wins."
    sees = "Epistemic is how much the prototypes of different songs disagree."
    limits = "Its uncertainty is the disagreement of prototypes."
    Options = PrototypeOptions

    @classmethod
    def fit(
        cls, features: np.ndarray, targets: HeadTargets, *, member_weights: np.ndarray, config: FitConfig, on_step: Any = None
    ) -> Self:
        album = np.eye(9)[np.maximum(targets.album_idx, 0)] * (targets.album_idx >= 0)[:, None]
        wanted = np.concatenate(
            [targets.axis.reshape(len(features), -1), targets.confidence[:, None], album, targets.types], axis=1
        )
        share = member_weights[:, :, None] * wanted[None]
        centre = np.einsum("mno,nd->mod", share, features) / np.maximum(share.sum(axis=1), 1e-9)[..., None]
        if on_step:
            on_step(1, np.zeros(len(member_weights), dtype=np.float32))
        return cls(centre.astype(np.float32), np.array([config.options.sharpness], dtype=np.float32))

    @property
    def n_members(self) -> int:
        return len(self.centre)

    @property
    def dim(self) -> int:
        return int(self.centre.shape[2])

    def logits(self, features: np.ndarray) -> np.ndarray:
        apart = ((features[:, None, None] - self.centre[None]) ** 2).sum(axis=-1)
        found: np.ndarray = (-self.sharpness * apart).astype(np.float32)
        return found

    def torch_logits(self, features: Any) -> Any:
        import torch

        centre = torch.from_numpy(self.centre)
        return (-float(self.sharpness[0]) * ((features[:, None, None] - centre[None]) ** 2).sum(dim=-1)).double()

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {"centre": self.centre, "sharpness": self.sharpness}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, exclusive_types: bool) -> Self:
        return cls(arrays["centre"], arrays["sharpness"])
