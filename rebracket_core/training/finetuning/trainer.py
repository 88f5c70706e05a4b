"""transformers' Trainer over a backbone: our losses, order of rows and checkpoints; its loop, its devices, its DDP."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import Trainer, TrainingArguments

from rebracket_core.files import make_folder, write_json
from rebracket_core.models import Backbone, move_outputs_at, output_rates, rate_factor
from rebracket_core.models.losses import (
    ALL_PARTS,
    WEIGHTINGS,
    BackboneLoss,
    Balance,
    TaskPace,
    backbone_loss,
    head_penalty,
    kept_parts,
)
from rebracket_core.training.config.finetuning import ALL, BACKBONE, HEADS
from rebracket_core.training.finetuning.batches import LengthOrder, RowBatches
from rebracket_core.training.finetuning.job import TuningJob
from rebracket_core.training.finetuning.state import SCALER, load_chance, load_optimiser, save_chance, save_optimiser

WEIGHTS = "trunk.safetensors"  # as it was called first: an interrupted fine-tuning of an older version goes on from it
_LOGS_AN_EPOCH = 20
_NO_DECAY = ("bias", "norm", "layernorm")


class BackboneTrainer(Trainer):
    """Trains the backbone and the heads of a job; `phase` says what learns now, `order` in which order rows come.

    `last_loss` is that of the last batch whose step is logged.
    """

    def __init__(self, job: TuningJob, backbone: Backbone, batches: RowBatches, *, rows: list[int], folder: Path) -> None:
        self.job, self.batches, self.rows = job, batches, rows
        self.config = job.config.finetuning
        self.phases = self.config.plan(job.config.tasks.tasks)
        self.phase = self.phases[0]
        self.last_loss: BackboneLoss | None = None
        self.backbone = backbone
        self.balance: Balance | None = None
        tasks = job.config.tasks
        self.pace: TaskPace | None = None
        if tasks.by_pace:
            self.pace = TaskPace(ALL_PARTS, temperature=tasks.dwa_temperature)
            backbone.pace = self.pace
        if WEIGHTINGS.get(tasks.weighting).needs_backbone:
            self.balance = Balance(tasks.weighting, n_tasks=len(ALL_PARTS), alpha=tasks.gradnorm_alpha)
            backbone.balance = self.balance  # its buffers go where the backbone goes
        member = torch.from_numpy(job.member_weights)
        self._n_train = (member > 0).sum(dim=1).clamp(min=1).float()
        self.order = LengthOrder(batches.lengths[rows], batch_size=self.config.batch_size, seed=job.seed)
        super().__init__(
            model=backbone,
            args=arguments(job, folder=folder, n_rows=len(rows), freezes=any(p.trained != ALL for p in self.phases)),
            train_dataset=rows,
            data_collator=batches.collate,
        )

    # ---- the loss -----------------------------------------------------------------------------------------------------

    def compute_loss(self, model: Any, inputs: dict[str, Any], *_: Any, **__: Any) -> torch.Tensor:
        """The loss of a batch; where the step is logged, the gradients' norms are noted too."""
        backbone = self.backbone
        backbone.trains_encoder, backbone.trains_heads = self.phase.trained != HEADS, self.phase.trained != BACKBONE
        tasks, cut = self.job.config.tasks, self.job.config.optimiser.task_grad_norm
        split = self.balance is not None or cut > 0
        output = model(inputs["ids"], inputs["mask"], inputs["present"], inputs["words"], split=split)
        factors = self._factors()
        logged = (self.state.global_step + 1) % self.args.logging_steps == 0
        found = backbone_loss(
            output,
            inputs["y"],
            inputs["row_weight"],
            tasks=tasks,
            parts=tuple(factors),
            class_weights=inputs["class_weights"],
            balance=self.balance,
            factors=factors,
            task_grad_norm=cut,
            with_norms=logged,
        )
        if self.pace is not None:
            self.pace.see(found.whole)
        if logged:
            self.last_loss = found
        if not backbone.trains_heads:
            return found.total
        weights = [value for name, value in backbone.head_parameters().items() if name != "bias" and value.dim() == 3]
        return found.total + head_penalty(
            weights, inverse_l2=self.job.config.heads.inverse_l2, n_train=self._n_train.to(backbone.weight.device)
        )

    def _factors(self) -> dict[str, float]:
        """What multiplies the weight of each part that counts in this step: its pace, and what task dropout takes from others.

        The step's number alone draws what is left out, so the batches that are added up to one step agree.
        """
        tasks, parts = self.job.config.tasks, self.phase.parts
        weights = self.pace.weights(parts) if self.pace is not None else dict.fromkeys(parts, 1.0)
        kept = kept_parts(parts, dropout=tasks.task_dropout, seed=(self.job.seed, self.state.global_step))
        return {name: weights[name] / (1.0 - tasks.task_dropout) for name in kept}

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW: the encoder's weights with decay, its biases and norms without, the heads at a rate of their own."""
        if self.optimizer is None:
            config, own = self.config, self.backbone.head_parameters()
            heads = set(own)
            trainable = {name: p for name, p in self.backbone.named_parameters() if p.requires_grad}
            shrinks = [p for n, p in trainable.items() if n not in heads and not _without_decay(n)]
            stays = [p for n, p in trainable.items() if n not in heads and _without_decay(n)]
            groups = [
                {"params": shrinks, "lr": config.rate, "weight_decay": config.weight_decay},
                {"params": stays, "lr": config.rate, "weight_decay": 0.0},
                {"params": [trainable[n] for n in sorted(heads)], "lr": config.head_learning_rate, "weight_decay": 0.0},
            ]
            self.optimizer = torch.optim.AdamW([g for g in groups if g["params"]], fused=True)
            shares = output_rates(self.job.config.optimiser, heads_rate=config.head_learning_rate)
            if shares is not None:
                move_outputs_at(self.optimizer, [own["weight"], own["bias"]], shares)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> torch.optim.lr_scheduler.LRScheduler:
        """The share of all rates at each step: the warm-up, the schedule, and the factor of the phase."""
        if self.lr_scheduler is None:
            warmup, schedule = self.args.get_warmup_steps(num_training_steps), self.job.config.optimiser.schedule
            steps_an_epoch = max(1, num_training_steps // self.config.total_epochs(self.job.config.tasks.tasks))
            factors = [phase.rate for phase in self.phases for _ in range(phase.epochs)]

            def share(step: int) -> float:
                of_phase = factors[min(step // steps_an_epoch, len(factors) - 1)]
                return of_phase * rate_factor(step, total=num_training_steps, warmup=warmup, schedule=schedule)

            chosen: torch.optim.Optimizer = optimizer or self.create_optimizer()
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(chosen, share)
        return self.lr_scheduler

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthOrder:
        return self.order

    # ---- checkpoints: safetensors and JSON in place of pickles --------------------------------------------------------

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        if self.args.should_save:
            folder = Path(output_dir or str(self.args.output_dir))
            make_folder(folder)
            kept = {name: value.detach().cpu().contiguous() for name, value in self.backbone.kept().items()}
            save_file(kept, folder / WEIGHTS)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_weights(self.backbone, Path(resume_from_checkpoint))

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if self.args.should_save:
            save_optimiser(Path(output_dir), self.optimizer, self.lr_scheduler)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_optimiser(Path(checkpoint), self.optimizer, self.lr_scheduler)

    def _save_scaler(self, output_dir: str) -> None:
        scaler = getattr(self.accelerator, "scaler", None)
        if scaler is not None and self.args.should_save:
            write_json(Path(output_dir) / SCALER, scaler.state_dict())

    def _load_scaler(self, checkpoint: str | None) -> None:
        path = Path(checkpoint or "") / SCALER
        if checkpoint is not None and path.is_file():
            self.accelerator.scaler.load_state_dict(json.loads(path.read_text(encoding="utf-8")))

    def _save_rng_state(self, output_dir: str) -> None:
        make_folder(Path(output_dir))
        save_chance(Path(output_dir), rank=self.args.process_index)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_chance(Path(checkpoint), rank=self.args.process_index)


def load_weights(backbone: Backbone, folder: Path) -> None:
    """Put what a checkpoint kept in the place of the backbone's own.

    Raises ValueError for a checkpoint of another model.
    """
    device = backbone.weight.device
    kept = load_file(folder / WEIGHTS, device=str(device))
    found = backbone.load_state_dict(kept, strict=False)
    missing = set(found.missing_keys) & set(backbone.kept())
    if missing or found.unexpected_keys:
        raise ValueError(f"{folder}: the checkpoint is of another model ({sorted(missing | set(found.unexpected_keys))[:3]})")


def arguments(job: TuningJob, *, folder: Path, n_rows: int, freezes: bool) -> TrainingArguments:
    """The arguments of Trainer: nothing is logged, evaluated or saved but when the callback says so."""
    config, processes = job.config.finetuning, job.config.finetuning.processes
    if job.device.startswith("cuda:"):
        os.environ.setdefault("ACCELERATE_TORCH_DEVICE", job.device)
    accumulated = job.config.optimiser.accumulation_steps
    steps = -(-n_rows // (config.batch_size * accumulated))
    options = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=config.batch_size // processes,
        num_train_epochs=config.total_epochs(job.config.tasks.tasks),
        learning_rate=config.rate,
        weight_decay=config.weight_decay,
        warmup_steps=config.warmup,
        gradient_accumulation_steps=accumulated,
        max_grad_norm=job.config.optimiser.max_grad_norm,
        logging_strategy="steps",
        logging_steps=max(1, steps // _LOGS_AN_EPOCH),
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=job.seed,
        use_cpu=job.device == "cpu",
        remove_unused_columns=False,
        dataloader_pin_memory=job.device.startswith("cuda"),
        ddp_backend="gloo" if job.device == "cpu" and processes > 1 else None,
        ddp_find_unused_parameters=freezes if processes > 1 else None,
        **_precision(config.precision, device=job.device),
    )
    if processes == 1:
        options._n_gpu = min(1, options.n_gpu)  # several GPUs in one process would be shared by threads; ask for processes
    return options


def _precision(precision: str, *, device: str) -> dict[str, Any]:
    if precision == "auto":
        precision = "bf16" if device.startswith("cuda") and torch.cuda.is_bf16_supported() else "fp32"
    return {"bf16": precision == "bf16", "fp16": precision == "fp16"}


def _without_decay(name: str) -> bool:
    return any(part in _NO_DECAY for part in name.lower().split("."))
