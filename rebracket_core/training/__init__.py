"""Corpus → run: config, cross-fitting, calibration on unseen groups, evaluation with baselines and intervals."""

from rebracket_core.training.assess import evaluate_run
from rebracket_core.training.config import TrainingConfig
from rebracket_core.training.evaluation import Evaluation
from rebracket_core.training.run import TrainedRun, train_run

__all__ = ["Evaluation", "TrainedRun", "TrainingConfig", "evaluate_run", "train_run"]
