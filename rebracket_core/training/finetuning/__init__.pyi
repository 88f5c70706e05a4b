from rebracket_core.training.finetuning.batches import LengthOrder as LengthOrder, RowBatches as RowBatches
from rebracket_core.training.finetuning.encoder_tuner import EncoderTuner as EncoderTuner
from rebracket_core.training.finetuning.job import TuningJob as TuningJob
from rebracket_core.training.finetuning.loop import (
    make_trainer as make_trainer,
    print_nothing as print_nothing,
    run_tuning as run_tuning,
)
