"""A trained ensemble of heads as plain arrays, and its logits; prediction needs numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class HeadEnsemble:
    """M linear heads: `weight` (M, d, 27) float32, `bias` (M, 27) float32; outputs stand as in `layout`."""

    weight: np.ndarray
    bias: np.ndarray

    @property
    def n_members(self) -> int:
        """How many heads there are."""
        return int(self.weight.shape[0])

    @property
    def dim(self) -> int:
        """The width of the features that the heads take."""
        return int(self.weight.shape[1])

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n, M, 27) float32 logits of (n, d) features: one matrix product for all members."""
        members, dim, outputs = self.weight.shape
        flat = self.weight.transpose(1, 0, 2).reshape(dim, members * outputs)
        return (features @ flat).reshape(len(features), members, outputs) + self.bias
