"""A job → an encoder that has learnt, and the heads that learnt with it; an interrupted one goes on from its checkpoints."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from rebracket_core.encoders.transformers.trainable import load_trainable, save_trained
from rebracket_core.errors import MissingExtraError
from rebracket_core.models.trunk import Trunk
from rebracket_core.training.tuning_job import TuningJob
from rebracket_core.training.tuning_options import LORA

if TYPE_CHECKING:
    from transformers import Trainer

    from rebracket_core.training.tuning_keeper import Keeper
    from rebracket_core.training.tuning_trainer import TrunkTrainer

logger = logging.getLogger(__name__)

ENCODER, HEADS_FILE = "encoder", "heads.safetensors"


def run_tuning(
    job: TuningJob, folder: Path, *, step: Callable[[int, int], None], point: Callable[[Mapping[str, Any]], None]
) -> None:
    """Train into a folder: `checkpoint-N/` while it goes on, then `encoder/` and `heads.safetensors`.

    The same job gives the same numbers on the same machine, whether it went through at once or went on from checkpoints.
    Raises Cancelled where `step` does, after a checkpoint is written.
    """
    _needs_accelerate()
    from transformers import set_seed
    from transformers.utils import logging as transformers_logging

    from rebracket_core.training.tuning_keeper import whole_checkpoints
    from rebracket_core.training.tuning_trainer import load_weights

    transformers_logging.disable_progress_bar()
    torch.set_num_threads(max(1, job.threads))
    set_seed(job.seed)
    trainer, keeper = make_trainer(job, folder, step=step, point=point)
    before = whole_checkpoints(folder) if trainer.args.should_save else sorted(folder.glob("checkpoint-*/keeper.json"))
    if before:
        newest = before[-1] if before[-1].is_dir() else before[-1].parent
        keeper.restore(newest)
        if not keeper.finished:
            logger.info("Fine-tuning goes on from %s.", newest.name)
            trainer.train(resume_from_checkpoint=str(newest))
    else:
        trainer.train()
    if keeper.cancelled is not None:
        raise keeper.cancelled
    load_weights(trainer.trunk, keeper.best)
    if trainer.args.should_save:
        _write(trainer.trunk, job, folder)


def make_trainer(
    job: TuningJob, folder: Path, *, step: Callable[[int, int], None], point: Callable[[Mapping[str, Any]], None]
) -> tuple[TrunkTrainer, Keeper]:
    """What trains a job from its start into a folder, and who watches over it; nothing has been trained yet."""
    from rebracket_core.training.tuning_batches import RowBatches
    from rebracket_core.training.tuning_keeper import Keeper
    from rebracket_core.training.tuning_trainer import TrunkTrainer

    tokens, encoder = load_trainable(Path(job.base))
    rows = [int(i) for i in (~job.held).nonzero()[0]]
    trainer = TrunkTrainer(job, make_trunk(job, encoder), RowBatches(job, tokens), rows=rows, folder=folder)
    print_nothing(trainer)
    keeper = Keeper(trainer, folder=folder, step=step, point=point)
    trainer.add_callback(keeper)
    return trainer, keeper


def print_nothing(trainer: Trainer) -> None:
    """Take from a trainer the callbacks that print."""
    for printer in ("PrinterCallback", "ProgressCallback"):
        for callback in [c for c in trainer.callback_handler.callbacks if type(c).__name__ == printer]:
            trainer.remove_callback(callback)


def make_trunk(job: TuningJob, encoder: Any) -> Trunk:
    """The trunk that a job begins with; LoRA's matrices are drawn here."""
    options = job.options
    if options["method"] == LORA:
        encoder = with_lora(encoder, rank=options["lora_rank"], alpha=options["lora_alpha"], dropout=options["lora_dropout"])
    return Trunk(
        encoder,
        weight=torch.from_numpy(job.weight),
        bias=torch.from_numpy(job.bias),
        fields=len(job.texts),
        vector_weight=job.vector_weight,
    )


def with_lora(encoder: Any, *, rank: int, alpha: int, dropout: float) -> Any:
    """The encoder with LoRA's matrices beside every linear layer; these alone learn."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as cause:
        raise MissingExtraError("finetune", what="LoRA") from cause
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules="all-linear", bias="none")
    return get_peft_model(encoder, config)


def trained_heads(folder: Path) -> dict[str, Any]:
    """`weight` (M, d, 27) and `bias` (M, 27) float32 of a finished training, as numpy arrays."""
    return {name: value.numpy() for name, value in load_file(folder / HEADS_FILE).items()}


def _write(trunk: Trunk, job: TuningJob, folder: Path) -> None:
    """The encoder, LoRA's matrices added to its weights, and the heads; the heads' file comes last and makes it whole."""
    encoder: Any = trunk.encoder
    if job.options["method"] == LORA:
        encoder = encoder.merge_and_unload()
    shutil.rmtree(folder / ENCODER, ignore_errors=True)
    save_trained(encoder, folder / ENCODER, base=Path(job.base))
    heads = {"weight": trunk.weight.detach().cpu().contiguous(), "bias": trunk.bias.detach().cpu().contiguous()}
    save_file(heads, folder / HEADS_FILE)


def _needs_accelerate() -> None:
    try:
        import accelerate  # noqa: F401
    except ImportError as cause:
        raise MissingExtraError("finetune", what="Training an encoder") from cause
