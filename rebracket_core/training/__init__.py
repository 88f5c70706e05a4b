"""Corpus → run: config, cross-fitting, calibration on unseen groups, evaluation with baselines and intervals."""

from rebracket_core.training.assess import evaluate_run
from rebracket_core.training.config import TrainingConfig
from rebracket_core.training.evaluation import Evaluation
from rebracket_core.training.run import train_run
from rebracket_core.training.watch import Cancelled, Watch

__all__ = ["Cancelled", "Evaluation", "TrainingConfig", "Watch", "evaluate_run", "train_run"]
