"""Linear heads: an ensemble whose members learn from different songs; prediction needs numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from rebracket_core.models.config import FitConfig
from rebracket_core.models.heads.analytic_gradients import is_known
from rebracket_core.models.heads.base import Head
from rebracket_core.models.heads.full_batch_solver import fit_many_rows
from rebracket_core.models.heads.problem import OnStep, Problem, minimise, row_space
from rebracket_core.models.layout import ALBUM, TYPES
from rebracket_core.models.losses.tasks import AlbumLoss
from rebracket_core.models.targets import HeadTargets

if TYPE_CHECKING:
    import torch

# Below this many numbers a second thread waits longer for the first than it works.
_WORTH_THREADS = 20_000_000
# Below this many rows a fit takes a second or two, and small steps find the best moment to stop more finely than long ones.
_FULL_BATCH_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class LinearHead(Head):
    """M linear heads: `weight` (M, d, 27) float32, `bias` (M, 27) float32; outputs stand as in `layout`.

    `exclusive_types`: the task is that a text has exactly one type (softmax); the type logits are then turned into log-odds,
    so that a sigmoid of them is the type's probability, as everywhere else.
    """

    weight: np.ndarray
    bias: np.ndarray
    exclusive_types: bool = False

    name = "linear"
    label = "Ensemble"
    help = "The classifiers learn from different songs; where they disagree, the model is unsure. Cheap, and good on most data."
    sees = (
        "Aleatoric is the uncertainty that all classifiers share: the text itself is between albums. Epistemic is their "
        "disagreement: songs that some of them did not learn from would have changed the prediction."
    )
    limits = (
        "The classifiers of the ensemble share one set of vectors. Where they agree, that says that the labels were learnt "
        "alike, not that the text is of a known kind: an ensemble of classifiers does not see a new kind of text."
    )
    trains_with_backbone = True

    @classmethod
    def album_loss(cls, config: FitConfig) -> AlbumLoss | None:
        """What the kind puts in the place of the album's cross-entropy; None for nothing."""
        return None

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
        """An ensemble of M heads, one pass for all; arguments as in `Head.fit`.

        Where there are many more rows than features, the features' own spread tells most of the curvature, and ten steps do
        (see `full_batch_solver`).
        """
        import torch

        torch.manual_seed(config.seed)
        threads = torch.get_num_threads()
        prepared, back = cls._prepare(features)
        if prepared.size * len(member_weights) < _WORTH_THREADS:
            torch.set_num_threads(1)
        try:
            problem = Problem.of(targets, member_weights=member_weights, config=config, album_loss=cls.album_loss(config))
            weight, bias = cls._solve(prepared, problem, rotated=back is not None, on_step=on_step)
        finally:
            torch.set_num_threads(threads)
        full = np.einsum("dr,mro->mdo", back, weight) if back is not None else weight
        return cls(np.ascontiguousarray(full, dtype=np.float32), bias, config.tasks.exclusive_types)

    @classmethod
    def _prepare(cls, features: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return row_space(features)

    @classmethod
    def _solve(
        cls, features: np.ndarray, problem: Problem, *, rotated: bool, on_step: OnStep | None
    ) -> tuple[np.ndarray, np.ndarray]:
        if not rotated and len(features) >= _FULL_BATCH_ROWS and problem.album_loss is None and is_known(problem.config.tasks):
            return fit_many_rows(features, problem, on_step=on_step)
        return minimise(features, problem, on_step=on_step)

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
        return logits

    def torch_logits(self, features: torch.Tensor) -> torch.Tensor:
        """(n, M, 27) float64 logits of (n, d) features, differentiable."""
        import torch

        weight, bias = torch.from_numpy(np.ascontiguousarray(self.weight)), torch.from_numpy(np.ascontiguousarray(self.bias))
        z = (torch.einsum("bd,mdo->bmo", features, weight) + bias).double()
        parts = [z[..., : ALBUM.start], self._torch_album(z[..., ALBUM]), z[..., TYPES]]
        if self.exclusive_types:
            eye = torch.eye(parts[2].shape[-1], dtype=torch.bool)
            others = parts[2][..., None, :].masked_fill(eye, -torch.inf)
            parts[2] = parts[2] - torch.logsumexp(others, dim=-1)
        return torch.cat(parts, dim=-1)

    def _torch_album(self, logits: torch.Tensor) -> torch.Tensor:
        return logits

    def part(self, columns: np.ndarray) -> Self:
        """The heads on some of the feature columns, (k,) indices."""
        return replace(self, weight=np.ascontiguousarray(self.weight[:, columns]))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """`weight` (M, d, 27) and `bias` (M, 27)."""
        return {"weight": self.weight, "bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, exclusive_types: bool) -> Self:
        """The heads of `weight` and `bias`; KeyError where one lacks."""
        return cls(weight=arrays["weight"], bias=arrays["bias"], exclusive_types=exclusive_types)


def log_odds(logits: np.ndarray) -> np.ndarray:
    """(..., K) log of p/(1-p) of the softmax over the last axis: each logit minus the log-sum-exp of all the others."""
    k = logits.shape[-1]
    others = np.where(np.eye(k, dtype=bool), -np.inf, logits[..., None, :])
    top = others.max(axis=-1)
    result: np.ndarray = logits - (top + np.log(np.exp(others - top[..., None]).sum(axis=-1)))
    return result.astype(logits.dtype)
