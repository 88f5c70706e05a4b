"""transformers' Trainer over a trunk: our losses, order of rows and checkpoints; its loop, its devices, its DDP."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import Trainer, TrainingArguments

from rebracket_core.files import make_folder, write_json
from rebracket_core.models.trunk import Trunk
from rebracket_core.models.trunk_loss import QUESTIONS, TrunkLoss, head_penalty, trunk_loss
from rebracket_core.models.weighting import Balance
from rebracket_core.training.tuning_batches import LengthOrder, RowBatches
from rebracket_core.training.tuning_job import TuningJob
from rebracket_core.training.tuning_options import ALL, HEADS, TRUNK, TRUNK_WEIGHTINGS, Phase
from rebracket_core.training.tuning_state import SCALER, load_chance, load_optimiser, save_chance, save_optimiser

WEIGHTS = "trunk.safetensors"
_LOGS_AN_EPOCH = 20
_NO_DECAY = ("bias", "norm", "layernorm")


class TrunkTrainer(Trainer):
    """Trains the trunk and the heads of a job; `phase` says what learns now, `order` in which order rows come.

    `told` is what the last batch said whose step is logged.
    """

    def __init__(self, job: TuningJob, trunk: Trunk, batches: RowBatches, *, rows: list[int], folder: Path) -> None:
        self.job, self.batches, self.rows = job, batches, rows
        self.phases = tuple(Phase(learns, tuple(questions), epochs) for learns, questions, epochs in job.options["phases"])
        self.phase = self.phases[0]
        self.told: TrunkLoss | None = None
        self.trunk = trunk
        self.balance: Balance | None = None
        if job.options["weighting"] in TRUNK_WEIGHTINGS:
            self.balance = Balance(job.options["weighting"], n_questions=len(QUESTIONS), alpha=job.options["gradnorm_alpha"])
            trunk.balance = self.balance  # its buffers go where the trunk goes
        member = torch.from_numpy(job.member_weights)
        self._n_train = (member > 0).sum(dim=1).clamp(min=1).float()
        self.order = LengthOrder(batches.lengths[rows], batch_size=job.options["batch_size"], seed=job.seed)
        super().__init__(
            model=trunk,
            args=arguments(job, folder=folder, n_rows=len(rows), freezes=any(p.learns != ALL for p in self.phases)),
            train_dataset=rows,
            data_collator=batches.collate,
        )

    # ---- the loss -----------------------------------------------------------------------------------------------------

    def compute_loss(self, model: Any, inputs: dict[str, Any], *_: Any, **__: Any) -> torch.Tensor:
        """The loss of a batch; where the step is logged, the gradients' norms are noted too."""
        trunk = self.trunk
        trunk.learns_trunk, trunk.learns_heads = self.phase.learns != HEADS, self.phase.learns != TRUNK
        told = model(inputs["ids"], inputs["mask"], inputs["present"], inputs["words"], split=self.balance is not None)
        logged = (self.state.global_step + 1) % self.args.logging_steps == 0
        found = trunk_loss(
            told,
            inputs["y"],
            inputs["row_weight"],
            options=self.job.fit,
            questions=self.phase.questions,
            album_balance=inputs.get("album_balance"),
            balance=self.balance,
            contrast=self.job.options["contrast"],
            with_norms=logged,
        )
        if logged:
            self.told = found
        if not trunk.learns_heads:
            return found.total
        return found.total + head_penalty(
            trunk.weight, strength=self.job.fit.strength, n_train=self._n_train.to(trunk.weight.device)
        )

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW: the encoder's weights with decay, its biases and norms without, the heads at a rate of their own."""
        if self.optimizer is None:
            options, heads = self.job.options, {"weight", "bias"}
            learns = {name: p for name, p in self.trunk.named_parameters() if p.requires_grad}
            shrinks = [p for n, p in learns.items() if n not in heads and not _without_decay(n)]
            stays = [p for n, p in learns.items() if n not in heads and _without_decay(n)]
            groups = [
                {"params": shrinks, "lr": options["learning_rate"], "weight_decay": options["weight_decay"]},
                {"params": stays, "lr": options["learning_rate"], "weight_decay": 0.0},
                {"params": [learns[n] for n in sorted(heads)], "lr": options["head_learning_rate"], "weight_decay": 0.0},
            ]
            self.optimizer = torch.optim.AdamW([g for g in groups if g["params"]], fused=True)
        return self.optimizer

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthOrder:
        return self.order

    # ---- checkpoints: safetensors and JSON in place of pickles --------------------------------------------------------

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        if self.args.should_save:
            folder = Path(output_dir or str(self.args.output_dir))
            make_folder(folder)
            kept = {name: value.detach().cpu().contiguous() for name, value in self.trunk.kept().items()}
            save_file(kept, folder / WEIGHTS)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_weights(self.trunk, Path(resume_from_checkpoint))

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


def load_weights(trunk: Trunk, folder: Path) -> None:
    """Put what a checkpoint kept in the place of the trunk's own."""
    device = trunk.weight.device
    kept = load_file(folder / WEIGHTS, device=str(device))
    found = trunk.load_state_dict(kept, strict=False)
    missing = set(found.missing_keys) & set(trunk.kept())
    if missing or found.unexpected_keys:
        raise ValueError(f"{folder}: the checkpoint is of another model ({sorted(missing | set(found.unexpected_keys))[:3]})")


def arguments(job: TuningJob, *, folder: Path, n_rows: int, freezes: bool) -> TrainingArguments:
    """What Trainer is told: nothing is logged, evaluated or saved but when the keeper says so."""
    options, processes = job.options, job.options["processes"]
    if job.device.startswith("cuda:"):
        os.environ.setdefault("ACCELERATE_TORCH_DEVICE", job.device)
    steps = -(-n_rows // options["batch_size"])
    told = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=options["batch_size"] // processes,
        num_train_epochs=sum(epochs for _, _, epochs in options["phases"]),
        learning_rate=options["learning_rate"],
        weight_decay=options["weight_decay"],
        warmup_steps=options["warmup"],
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
        **_precision(options["precision"], device=job.device),
    )
    if processes == 1:
        told._n_gpu = min(1, told.n_gpu)  # several GPUs in one process would be shared by threads; ask for processes
    return told


def _precision(asked: str, *, device: str) -> dict[str, Any]:
    if asked == "auto":
        asked = "bf16" if device.startswith("cuda") and torch.cuda.is_bf16_supported() else "fp32"
    return {"bf16": asked == "bf16", "fp16": asked == "fp16"}


def _without_decay(name: str) -> bool:
    return any(part in _NO_DECAY for part in name.lower().split("."))
