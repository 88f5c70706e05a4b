"""An epoch of fine-tuning, all questions and members and the curves, against transformers' Trainer with one head.

Both train the same encoder on the same batches with AdamW and write a checkpoint at the epoch's end: one a safetensors file a
part, the other Trainer's own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ratio import paired
from rebracket_core.encoders import open_encoder
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.training import Callback, TrainingConfig, prepare_rows
from rebracket_core.training.finetuning import EncoderTuner, TuningJob
from rebracket_core.workbench import Workbench

TEXTS, ROUNDS = 192, 7
_ONE_EPOCH = {"method": "full", "epochs": 1, "patience_epochs": 0}


def tuning(bench: Workbench, *, threads: int) -> Iterator[dict[str, Any]]:
    """The time of an epoch over texts of the starter corpus, trainers made beforehand."""
    import torch

    torch.set_num_threads(threads)
    if "starter" not in {meta.name for meta in bench.datasets.all()}:
        bench.datasets.import_starter()
    config = TrainingConfig.of(**_ONE_EPOCH)
    encoder = open_encoder("minilm", settings=bench.settings, cached=False)
    rows = prepare_rows(bench.datasets.get("starter").frame, config=config, encoder=encoder)
    some = np.sort(np.random.default_rng(0).permutation(len(rows))[:TEXTS])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        tuner = EncoderTuner(home / "run", config=config, settings=bench.settings, callback=Callback())
        _, job = tuner.job(rows, train=some, seed=0)
        ours, plain = ([make(job, home / f"{make.__name__}-{i}") for i in range(ROUNDS + 1)] for make in (_ours, _plain))
        result = paired(lambda: ours.pop().train(), lambda: plain.pop().train(), rounds=ROUNDS)
    yield {
        "what": f"an epoch of fine-tuning, {len(some)} starter texts, five members of all heads, against plain Trainer",
        "target": "<= 1.05",
        "result": result,
    }


def _ours(job: TuningJob, folder: Path) -> Any:
    from rebracket_core.training.finetuning import make_trainer

    return make_trainer(job, folder, callback=Callback())[0]


def _plain(job: TuningJob, folder: Path) -> Any:
    """Trainer as its guide shows it: a mean over tokens, a linear layer and cross-entropy, in the order of our batches."""
    import torch
    from transformers import Trainer, TrainingArguments

    from rebracket_core.encoders.transformers import load_trainable
    from rebracket_core.training.finetuning import LengthOrder, RowBatches, print_nothing

    tokens, encoder = load_trainable(Path(job.base))
    batches = RowBatches(job, tokens)
    size, rows = job.config.finetuning.batch_size, list(range(len(job.held)))

    class Plain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.head = encoder, torch.nn.Linear(encoder.config.hidden_size, len(ALBUM_NAMES))

        def forward(self, ids: Any, mask: Any, labels: Any) -> dict[str, Any]:
            hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            seen = mask.unsqueeze(-1)
            logits = self.head((hidden * seen).sum(dim=1) / seen.sum(dim=1))
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    def collate(at: list[int]) -> dict[str, Any]:
        batch = batches.collate(at)
        return {"ids": batch["ids"], "mask": batch["mask"], "labels": batch["y"]["album"].clamp(min=0)}

    class InOrder(Trainer):
        def _get_train_sampler(self, train_dataset: Any = None) -> LengthOrder:
            return LengthOrder(batches.lengths, batch_size=size, seed=job.seed)

    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=size,
        num_train_epochs=1,
        learning_rate=job.config.finetuning.rate,
        save_strategy="epoch",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        use_cpu=True,
        dataloader_pin_memory=False,
        seed=job.seed,
    )
    trainer = InOrder(model=Plain(), args=arguments, train_dataset=rows, data_collator=collate)
    print_nothing(trainer)
    return trainer
