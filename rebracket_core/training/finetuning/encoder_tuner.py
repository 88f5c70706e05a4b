"""Encoders that learn with their heads: a fold's, a left-out source's, the final one, each below the run's checkpoints."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.encoders import FeatureRecipe, encode_fields, joined, thread_count, torch_device
from rebracket_core.encoders.transformers import open_trained, trainable_folder
from rebracket_core.errors import ConfigError
from rebracket_core.files import make_folder, tighten_tree
from rebracket_core.progress import counts
from rebracket_core.settings import Settings
from rebracket_core.training.callbacks import Callback
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.finetuning.job import TuningJob, forget_job
from rebracket_core.training.heads.crossfit import FittedHeads, fit_ensemble, member_weights, split
from rebracket_core.training.rows import TrainingRows, background_texts, head_targets

FINAL = "final"
ENCODER = "encoder"
_PREFIX = "tuning-"
_ONLY_TO_RESUME = ("optimiser.safetensors", "schedule.json", "scaler.json", "chance-*.safetensors", "trainer_state.json")
_NAMES = {FINAL: "the final encoder", "fold": "an encoder on the other songs", "without": "an encoder without one source"}


class EncoderTuner:
    """Trains encoders for a run, one a name, and keeps the final one in `model/encoder/`.

    The heads begin as they were fitted on the frozen vectors and learn on with the encoder (Kumar et al. 2022: heads first,
    so that the encoder is not bent by heads that know nothing). A training that was finished before is not done again.
    """

    def __init__(self, run: Path, *, config: TrainingConfig, settings: Settings | None, callback: Callback) -> None:
        if settings is None:
            raise ConfigError(
                "The encoder cannot be trained here.",
                expected="settings that name the device and the encoder's files",
                found="none",
                hint="train with a workbench, or leave method at frozen",
            )
        self._run, self._config, self._settings, self._callback = run, config, settings, callback
        self._base = trainable_folder(config.features.encoder, settings=settings)

    def fit(self, rows: TrainingRows, *, train: np.ndarray, seed: int, name: str) -> tuple[FittedHeads, TrainingRows]:
        """Heads and an encoder trained on the rows at the indices `train`, and all rows as that encoder sees them."""
        from rebracket_core.training.finetuning.loop import HEADS_FILE, trained_heads

        folder = self._folder(name)
        recipe, job = self.job(rows, train=train, seed=seed)
        if not (folder / HEADS_FILE).is_file():
            self._tune(job, folder, name=name)
        heads = trained_heads(folder)
        encoder = open_trained(folder / ENCODER, settings=self._settings)
        stage = f"Reading texts with {_shown_name(name)}"
        seen = replace(
            rows,
            vectors=encode_fields(
                rows.texts, fields=self._config.data.text, encoder=encoder, progress=counts(self._callback, stage)
            ),
            background=encoder.encode(background_texts()),
        )
        head = self._config.head.from_arrays(heads, exclusive_types=self._config.tasks.exclusive_types)
        return FittedHeads(recipe=recipe, head=head), seen

    def job(self, rows: TrainingRows, *, train: np.ndarray, seed: int) -> tuple[FeatureRecipe, TuningJob]:
        """How features are made of the rows at the indices `train`, and the training that `fit` runs on them."""
        config = self._config
        validation = np.zeros(len(train), dtype=bool)
        if config.finetuning.patience_epochs:
            n_parts = max(2, round(1 / config.finetuning.validation_fraction))
            validation = split(rows, train=train, n_folds=n_parts, config=config, seed=seed) == 0
        train_at = train[~validation]
        first = fit_ensemble(rows, train=train_at, config=config, seed=seed)
        begin = first.head.to_arrays()
        weights = np.zeros((config.heads.ensemble_size, len(train)), dtype=np.float32)
        weights[:, ~validation] = member_weights(rows, train=train_at, config=config, seed=seed)
        texts = {field: [rows.texts[field][i] for i in train] for field in config.data.text}
        vocabulary = first.recipe.vocabulary
        empty = np.zeros((len(train), 0), dtype=np.float32)
        return first.recipe, TuningJob(
            base=str(self._base),
            device=torch_device(self._settings),
            threads=max(1, thread_count(self._settings) // config.finetuning.processes),
            seed=seed,
            config=config,
            texts=texts,
            words=vocabulary.transform(joined(texts, fields=config.data.text)) if vocabulary else empty,
            targets=head_targets(rows.soft).take(train),
            weight=begin.pop("weight"),
            bias=begin.pop("bias"),
            hidden=begin,
            member_weights=weights,
            held=validation,
        )

    def forget(self, name: str) -> None:
        """Remove the folder of a training whose answers are kept elsewhere."""
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def keep(self, name: str) -> str:
        """Put the encoder of this training into the run's model, and give its id; its best checkpoints stay, as weights."""
        folder, place = self._folder(name), self._run / "model" / ENCODER
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder / ENCODER, place)
        tighten_tree(place)
        encoder_id = open_trained(place, settings=self._settings).encoder_id
        for checkpoint in folder.glob("checkpoint-*"):
            for pattern in _ONLY_TO_RESUME:
                for path in checkpoint.glob(pattern):
                    path.unlink()
        for other in folder.parent.glob(f"{_PREFIX}*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        return encoder_id

    def _tune(self, job: TuningJob, folder: Path, *, name: str) -> None:
        from rebracket_core.training.finetuning.distributed import share_tuning
        from rebracket_core.training.finetuning.loop import run_tuning

        make_folder(folder)
        callback = _OfOneEncoder(self._callback, name=name)
        if self._config.finetuning.processes > 1:
            share_tuning(job, folder, callback=callback)
            forget_job(folder)
        else:
            run_tuning(job, folder, callback=callback)

    def _folder(self, name: str) -> Path:
        return self._run / "checkpoints" / f"{_PREFIX}{name}"


class _OfOneEncoder(Callback):
    """Tells a run's callback of one encoder's training, under the encoder's name."""

    def __init__(self, run: Callback, *, name: str) -> None:
        self._run, self._name, self._stage = run, name, f"Fine-tuning {_shown_name(name)}"

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        self._run.update(self._stage, done, total, message=message)

    def on_epoch(self, figures: Mapping[str, Any]) -> None:
        self._run.on_epoch({"tuning": self._name, **figures})


def _shown_name(name: str) -> str:
    """A training's name as people say it: "an encoder on the other songs (3)"."""
    kind, _, number = name.partition("-")
    return _NAMES[kind] + (f" ({int(number) + 1})" if number else "")
