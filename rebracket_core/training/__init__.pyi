from rebracket_core.training.callbacks import Callback as Callback, Cancelled as Cancelled, CurveCallback as CurveCallback
from rebracket_core.training.config import TrainingConfig as TrainingConfig
from rebracket_core.training.estimate import (
    Estimate as Estimate,
    available_memory as available_memory,
    estimate_training as estimate_training,
    refuse_too_large as refuse_too_large,
)
from rebracket_core.training.evaluation import Evaluation as Evaluation, evaluate_run as evaluate_run
from rebracket_core.training.learnability import (
    Learnability as Learnability,
    learnable_questions as learnable_questions,
    refuse_unlearnable as refuse_unlearnable,
)
from rebracket_core.training.rows import TrainingRows as TrainingRows, prepare_rows as prepare_rows
from rebracket_core.training.run import train_run as train_run
