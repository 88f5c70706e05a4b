"""What a training tells while it goes on, and how it is stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np


class Cancelled(Exception):
    """Somebody asked the training to stop; what is finished stays in the checkpoints."""


class Callback:
    """Who follows a training: hooks that do nothing until they are overridden.

    It is a `progress.ProgressReporter` too. Every call may raise Cancelled, which ends the training there.
    """

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """`done` of `total` parts of the stage are through."""

    def on_step(self, step: int, losses: np.ndarray, *, fold: int) -> None:
        """A step of the heads of a fold ended; `losses` (M,) of the members on the rows that they leave out."""

    def on_fold(self, figures: Mapping[str, Any], *, fold: int) -> None:
        """A fold was predicted by models of the others; `figures` are those of all folds so far."""

    def on_epoch(self, figures: Mapping[str, Any]) -> None:
        """A part of an epoch of an encoder ended; `figures` by name, see `finetuning.callbacks`."""


class CurveCallback(Callback, ABC):
    """A callback that makes one point of the curves of everything that it receives: plain numbers by name, given to `point`."""

    @abstractmethod
    def point(self, values: Mapping[str, Any]) -> None:
        """Take one point of the curves."""

    def on_step(self, step: int, losses: np.ndarray, *, fold: int) -> None:
        """The mean, the lowest and the highest loss of the members."""
        spread = {"loss": losses.mean(), "loss_low": losses.min(), "loss_high": losses.max()}
        self.point({"fold": fold, "step": step, **{name: float(value) for name, value in spread.items()}})

    def on_fold(self, figures: Mapping[str, Any], *, fold: int) -> None:
        """The figures with their fold."""
        self.point({"fold": fold, **figures})

    def on_epoch(self, figures: Mapping[str, Any]) -> None:
        """The figures as they are."""
        self.point(figures)
