"""A job → an encoder that has learnt, and the heads that learnt with it; an interrupted one goes on from its checkpoints."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from rebracket_core.encoders.transformers import load_trainable, save_trained
from rebracket_core.errors import MissingExtraError
from rebracket_core.models import Backbone, HiddenLayers
from rebracket_core.models.heads import HiddenHead
from rebracket_core.training.callbacks import Callback
from rebracket_core.training.config.finetuning import LORA, FinetuningConfig
from rebracket_core.training.finetuning.job import TuningJob

if TYPE_CHECKING:
    from transformers import Trainer

    from rebracket_core.training.finetuning.callbacks import FinetuningCallback
    from rebracket_core.training.finetuning.trainer import BackboneTrainer

logger = logging.getLogger(__name__)

ENCODER, HEADS_FILE = "encoder", "heads.safetensors"


def run_tuning(job: TuningJob, folder: Path, *, callback: Callback) -> None:
    """Train into a folder: `checkpoint-N/` while it goes on, then `encoder/` and `heads.safetensors`.

    The same job gives the same numbers on the same machine, whether it went through at once or went on from checkpoints.
    Raises Cancelled where `callback.update` does, after a checkpoint is written.
    """
    _needs_accelerate()
    from transformers import set_seed
    from transformers.utils import logging as transformers_logging

    from rebracket_core.training.finetuning.callbacks import whole_checkpoints
    from rebracket_core.training.finetuning.trainer import load_weights

    transformers_logging.disable_progress_bar()
    torch.set_num_threads(max(1, job.threads))
    set_seed(job.seed)
    trainer, follower = make_trainer(job, folder, callback=callback)
    before = whole_checkpoints(folder) if trainer.args.should_save else sorted(folder.glob("checkpoint-*/keeper.json"))
    if before:
        newest = before[-1] if before[-1].is_dir() else before[-1].parent
        follower.restore(newest)
        if not follower.finished:
            logger.info("Fine-tuning goes on from %s.", newest.name)
            trainer.train(resume_from_checkpoint=str(newest))
    else:
        trainer.train()
    if follower.cancelled is not None:
        raise follower.cancelled
    load_weights(trainer.backbone, follower.best)
    if trainer.args.should_save:
        _write(trainer.backbone, job, folder)


def make_trainer(job: TuningJob, folder: Path, *, callback: Callback) -> tuple[BackboneTrainer, FinetuningCallback]:
    """What trains a job from its start into a folder, and who watches over it; nothing has been trained yet."""
    from rebracket_core.training.finetuning.batches import RowBatches
    from rebracket_core.training.finetuning.callbacks import FinetuningCallback
    from rebracket_core.training.finetuning.trainer import BackboneTrainer

    tokens, encoder = load_trainable(Path(job.base))
    rows = [int(i) for i in (~job.held).nonzero()[0]]
    trainer = BackboneTrainer(job, make_backbone(job, encoder), RowBatches(job, tokens), rows=rows, folder=folder)
    print_nothing(trainer)
    follower = FinetuningCallback(trainer, folder=folder, callback=callback)
    trainer.add_callback(follower)
    return trainer, follower


def print_nothing(trainer: Trainer) -> None:
    """Take from a trainer the callbacks that print."""
    for printer in ("PrinterCallback", "ProgressCallback"):
        for callback in [c for c in trainer.callback_handler.callbacks if type(c).__name__ == printer]:
            trainer.remove_callback(callback)


def make_backbone(job: TuningJob, encoder: Any) -> Backbone:
    """The backbone that a job begins with; LoRA's matrices are drawn here."""
    if job.config.finetuning.method == LORA:
        encoder = with_lora(encoder, config=job.config.finetuning)
    return Backbone(
        encoder,
        weight=torch.from_numpy(job.weight),
        bias=torch.from_numpy(job.bias),
        fields=len(job.texts),
        vector_weight=job.config.features.embedding_weight,
        hidden=_hidden_layers(job),
    )


def _hidden_layers(job: TuningJob) -> HiddenLayers | None:
    """The hidden layers that the heads of a job begin with; None where they are linear."""
    if not job.hidden:
        return None
    head = HiddenHead.from_arrays({**job.hidden, "weight": job.weight, "bias": job.bias}, exclusive_types=False)
    layers = tuple((torch.from_numpy(weight), torch.from_numpy(bias)) for weight, bias in head.layers)
    return HiddenLayers(layers, head.activation, job.config.fit_config().options.hidden_dropout)


def with_lora(encoder: Any, *, config: FinetuningConfig) -> Any:
    """The encoder with LoRA's matrices beside every linear layer; these alone learn.

    Hu et al. 2021. Raises MissingExtraError where peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as cause:
        raise MissingExtraError("finetune", what="LoRA") from cause
    matrices = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules="all-linear",
        bias="none",
    )
    return get_peft_model(encoder, matrices)


def trained_heads(folder: Path) -> dict[str, Any]:
    """The heads of a finished training as `Head.from_arrays` takes them."""
    return {name: value.numpy() for name, value in load_file(folder / HEADS_FILE).items()}


def _write(backbone: Backbone, job: TuningJob, folder: Path) -> None:
    """The encoder, LoRA's matrices added to its weights, and the heads; the heads' file comes last and makes it whole."""
    encoder: Any = backbone.encoder
    if job.config.finetuning.method == LORA:
        encoder = encoder.merge_and_unload()
    shutil.rmtree(folder / ENCODER, ignore_errors=True)
    save_trained(encoder, folder / ENCODER, base=Path(job.base))
    kept = {name: torch.from_numpy(value) for name, value in job.hidden.items() if name not in backbone.head_arrays()}
    save_file({**kept, **backbone.head_arrays()}, folder / HEADS_FILE)


def _needs_accelerate() -> None:
    try:
        import accelerate  # noqa: F401
    except ImportError as cause:
        raise MissingExtraError("finetune", what="Training an encoder") from cause
