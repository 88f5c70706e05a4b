"""What a kind of head is: features in, logits out, how sure it is, and how it lies on disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from rebracket_core.models.config import FitConfig
from rebracket_core.models.scores import Calibration, Scores, entropy, scores_from_logits
from rebracket_core.models.targets import HeadTargets

if TYPE_CHECKING:
    import torch

    from rebracket_core.models.heads.problem import OnStep

BLIND = (
    "It does not see a new kind of text: all predictions rest on the same vectors, and may agree on a text that none of them "
    "can read. The out-of-distribution test is there for that."
)


class Head(ABC):
    """A fitted ensemble of heads of one kind; the class describes the kind and is what `HEADS` holds.

    A kind says its `name`, `label` and one sentence of `help`; `Options`, a frozen dataclass of `options.option` fields, where
    it has options of its own; `sees` and `blind`, what its uncertainties mean and cannot see; `epistemic`, the name under
    which people read the second of them; `limits`, the sentence of a model card. Logits are laid out as in `layout`, so that a
    softmax or a sigmoid of them is the probability, whatever the kind.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    Options: ClassVar[Any] = None
    sees: ClassVar[str] = ""
    blind: ClassVar[str] = BLIND
    epistemic: ClassVar[str] = "epistemic"
    limits: ClassVar[str] = ""
    # Whether heads of this kind can learn on along with an encoder.
    trains_with_backbone: ClassVar[bool] = False
    # Whether the tasks share weights inside a head of this kind, such as hidden layers.
    shares_weights: ClassVar[bool] = False

    @classmethod
    def check(cls, config: FitConfig) -> None:
        """Raise a ConfigError where the kind does not go with the rest of a config; by default it goes with all."""
        return

    @classmethod
    def n_predictions(cls, config: FitConfig) -> int:
        """How many predictions a text gets."""
        return config.heads.ensemble_size

    @classmethod
    @abstractmethod
    def fit(
        cls,
        features: np.ndarray,
        targets: HeadTargets,
        *,
        member_weights: np.ndarray,
        config: FitConfig,
        on_step: OnStep | None = None,
    ) -> Self:
        """An ensemble of M heads, trained in one pass.

        `features` (n, d) float32; `member_weights` (M, n): a row's weight in a member's training, where 0 leaves the row out.
        Rows that a member leaves out stop it early: the member keeps the weights of the step with the lowest loss there.
        `on_step` is told, after each step, its number (from 1) and each member's loss on the rows that it left out, (M,).
        """

    @property
    @abstractmethod
    def n_members(self) -> int:
        """How many predictions a text gets."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """The width of the features."""

    @abstractmethod
    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n, M, 27) float32 logits of (n, d) features."""

    @abstractmethod
    def torch_logits(self, features: torch.Tensor) -> torch.Tensor:
        """(n, M, 27) float64, what `logits` gives, in PyTorch, so that gradients reach the features."""

    @abstractmethod
    def to_arrays(self) -> dict[str, np.ndarray]:
        """The arrays that `from_arrays` makes it of again."""

    @classmethod
    @abstractmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, exclusive_types: bool) -> Self:
        """The heads of a model's arrays; KeyError names one that lacks. `exclusive_types`: a text has exactly one type."""

    @classmethod
    def member_entropy(cls, members: np.ndarray, *, logits: np.ndarray) -> np.ndarray:
        """(n, M) entropy in nats inside each member, from (n, M, 9) calibrated probabilities and the logits behind them."""
        return entropy(members)

    @classmethod
    def scores(cls, logits: np.ndarray, *, calibration: Calibration) -> Scores:
        """The calibrated scores of (n, M, 27) logits of this kind."""
        return scores_from_logits(logits, calibration=calibration, member_entropy=cls.member_entropy)

    def uncertainty(self, features: np.ndarray, *, calibration: Calibration) -> np.ndarray:
        """(n, 3) total, aleatoric and epistemic uncertainty of the album, as shares of ln 9; the first is the others' sum."""
        return self.scores(self.logits(features), calibration=calibration).uncertainty

    def part(self, columns: np.ndarray) -> Head | Part:
        """The heads on some of the feature columns, (k,) indices, where all others are 0."""
        return Part(self, columns)

    def describe(self) -> dict[str, Any]:
        """What the heads are, as plain values."""
        return {"head": self.name, "label": self.label, "n_members": self.n_members, "dim": self.dim}


class Part:
    """Heads on some of their feature columns: the others are 0."""

    def __init__(self, head: Head, columns: np.ndarray) -> None:
        self._head, self._columns = head, columns

    def torch_logits(self, features: torch.Tensor) -> torch.Tensor:
        """(n, M, 27) float64 logits of (n, k) features."""
        import torch

        whole = features.new_zeros(len(features), self._head.dim)
        return self._head.torch_logits(whole.index_copy(1, torch.from_numpy(self._columns), features))
