"""A trained ensemble of heads as plain arrays, and its logits; prediction needs numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.models.evidential import log_concentration
from rebracket_core.models.layout import ALBUM, TYPES


@dataclass(frozen=True, slots=True)
class HeadEnsemble:
    """M linear heads: `weight` (M, d, 27) float32, `bias` (M, 27) float32; outputs stand as in `layout`.

    `exclusive_types`: the heads were trained so that a text has exactly one type (softmax); their type logits are then
    turned into log-odds, so that a sigmoid of them is the type's probability, as everywhere else.
    `evidential`: the album's outputs are evidence; they are given as the log of the Dirichlet's parameters, so that their
    softmax is the album's probability, as everywhere else, and the sum of their exponentials the evidence behind it.
    """

    weight: np.ndarray
    bias: np.ndarray
    exclusive_types: bool = False
    evidential: bool = False

    @property
    def n_members(self) -> int:
        """How many heads there are."""
        return int(self.weight.shape[0])

    @property
    def dim(self) -> int:
        """The width of the features that the heads take."""
        return int(self.weight.shape[1])

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n, M, 27) float32 logits of (n, d) features.

        One product a member, on the weights as they lie: side by side for one product they would be copied at each call,
        5 ms for a single text where this takes 0.3 (on a busy machine).
        """
        logits: np.ndarray = np.matmul(features, self.weight).transpose(1, 0, 2) + self.bias
        if self.exclusive_types:
            logits[..., TYPES] = log_odds(logits[..., TYPES])
        if self.evidential:
            logits[..., ALBUM] = log_concentration(logits[..., ALBUM])
        return logits


def log_odds(logits: np.ndarray) -> np.ndarray:
    """(..., K) log of p/(1-p) of the softmax over the last axis: each logit minus the log-sum-exp of all the others."""
    k = logits.shape[-1]
    others = np.where(np.eye(k, dtype=bool), -np.inf, logits[..., None, :])
    top = others.max(axis=-1)
    result: np.ndarray = logits - (top + np.log(np.exp(others - top[..., None]).sum(axis=-1)))
    return result.astype(logits.dtype)
