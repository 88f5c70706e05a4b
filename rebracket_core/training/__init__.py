"""Corpus → run: config, cross-fitting, calibration on held-out groups, evaluation with baselines and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.training.callbacks import Callback, Cancelled
    from rebracket_core.training.config import TrainingConfig
    from rebracket_core.training.evaluation import Evaluation, evaluate_run
    from rebracket_core.training.run import train_run

_HOMES = {
    "Cancelled": "callbacks",
    "Evaluation": "evaluation",
    "TrainingConfig": "config",
    "Callback": "callbacks",
    "evaluate_run": "evaluation",
    "train_run": "run",
}
__all__ = ["Callback", "Cancelled", "Evaluation", "TrainingConfig", "evaluate_run", "train_run"]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
