"""What heads are fitted to: the targets of rows as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

_FLOATS = ("axis", "axis_mask", "confidence", "confidence_mask", "types", "types_mask", "weight", "any_type", "any_mask")


@dataclass(frozen=True, slots=True)
class HeadTargets:
    """Targets of n rows as plain arrays; see corpus.targets for their meaning. Masks are 0/1 floats.

    `axis` (n, 3, 3), `axis_mask` (n, 3), `confidence` (n,), `confidence_mask` (n,), `album_idx` (n,) with -1 for none,
    `types` (n, 8), `types_mask` (n,), `weight` (n,); `any_type` (n,) with `any_mask` (n,), by default what the types say.
    """

    axis: np.ndarray
    axis_mask: np.ndarray
    confidence: np.ndarray
    confidence_mask: np.ndarray
    album_idx: np.ndarray
    types: np.ndarray
    types_mask: np.ndarray
    weight: np.ndarray
    any_type: np.ndarray = field(default_factory=lambda: np.zeros(0))
    any_mask: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if len(self.any_mask) != len(self.types_mask):
            object.__setattr__(self, "any_type", (np.asarray(self.types).sum(axis=-1) > 0).astype(np.float32))
            object.__setattr__(self, "any_mask", np.asarray(self.types_mask, dtype=np.float32))

    def take(self, rows: np.ndarray) -> HeadTargets:
        """The targets of some rows, in the given order."""
        return HeadTargets(*(getattr(self, name)[rows] for name in self.__slots__))

    def tensors(self) -> dict[str, torch.Tensor]:
        """The targets by the names that losses know: float32, and "album" int64."""
        import torch

        out = {name: torch.from_numpy(np.asarray(getattr(self, name), dtype=np.float32)) for name in _FLOATS}
        return {**out, "album": torch.from_numpy(np.asarray(self.album_idx, dtype=np.int64))}
