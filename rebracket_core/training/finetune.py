"""Encoders that learn with their heads: a fold's, a left-out source's, the final one, each below the run's checkpoints."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from rebracket_core.encoders import FeatureRecipe, encode_fields, joined, thread_count, torch_device
from rebracket_core.encoders.transformers.trainable import open_trained, trainable_folder
from rebracket_core.errors import ConfigError
from rebracket_core.files import make_folder, tighten_tree
from rebracket_core.models.ensemble import HeadEnsemble
from rebracket_core.settings import Settings
from rebracket_core.training.config import TrainingConfig
from rebracket_core.training.crossfit import FittedHeads, fit_ensemble, fit_options, member_weights, split
from rebracket_core.training.rows import TrainingRows, background_texts, head_targets
from rebracket_core.training.tuning_job import TuningJob, forget_job
from rebracket_core.training.tuning_options import tuning_of
from rebracket_core.training.watch import Watch

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

    def __init__(self, run: Path, *, config: TrainingConfig, settings: Settings | None, watch: Watch) -> None:
        if settings is None:
            raise ConfigError(
                "The encoder cannot be trained here.",
                expected="settings that name the device and the encoder's files",
                found="none",
                hint="train with a workbench, or leave method at frozen",
            )
        self._run, self._config, self._settings, self._watch = run, config, settings, watch
        self._base = trainable_folder(config.encoder, settings=settings)

    def fit(self, rows: TrainingRows, *, train: np.ndarray, seed: int, name: str) -> tuple[FittedHeads, TrainingRows]:
        """Heads and an encoder trained on the rows at the indices `train`, and all rows as that encoder sees them."""
        from rebracket_core.training.tuning import HEADS_FILE, trained_heads

        folder = self._folder(name)
        recipe, job = self.job(rows, train=train, seed=seed)
        if not (folder / HEADS_FILE).is_file():
            self._tune(job, folder, name=name)
        heads = trained_heads(folder)
        encoder = open_trained(folder / ENCODER, settings=self._settings)
        stage = f"Reading texts with {_told(name)}"
        seen = replace(
            rows,
            vectors=encode_fields(
                rows.texts, fields=self._config.text, encoder=encoder, progress=lambda d, t: self._watch.stage(stage, d, t)
            ),
            background=encoder.encode(background_texts()),
        )
        exclusive = self._config.type_loss == "single"
        ensemble = HeadEnsemble(weight=heads["weight"], bias=heads["bias"], exclusive_types=exclusive)
        return FittedHeads(recipe=recipe, ensemble=ensemble), seen

    def job(self, rows: TrainingRows, *, train: np.ndarray, seed: int) -> tuple[FeatureRecipe, TuningJob]:
        """How features are made of the rows at the indices `train`, and the training that `fit` runs on them."""
        config = self._config
        held = np.zeros(len(train), dtype=bool)
        if config.stop_after:
            n_parts = max(2, round(1 / config.held_share))
            held = split(rows, train=train, n_folds=n_parts, config=config, seed=seed) == 0
        learns = train[~held]
        first = fit_ensemble(rows, train=learns, config=config, seed=seed)
        weights = np.zeros((config.members, len(train)), dtype=np.float32)
        weights[:, ~held] = member_weights(rows, train=learns, config=config, seed=seed)
        texts = {field: [rows.texts[field][i] for i in train] for field in config.text}
        lexicon = first.recipe.lexicon
        empty = np.zeros((len(train), 0), dtype=np.float32)
        return first.recipe, TuningJob(
            base=str(self._base),
            device=torch_device(self._settings),
            threads=max(1, thread_count(self._settings) // config.processes),
            seed=seed,
            options=tuning_of(config),
            fit=fit_options(config, seed=seed),
            vector_weight=config.vector_weight,
            texts=texts,
            words=lexicon.transform(joined(texts, fields=config.text)) if lexicon else empty,
            targets=head_targets(rows.soft).take(train),
            weight=first.ensemble.weight,
            bias=first.ensemble.bias,
            member_weights=weights,
            held=held,
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
        from rebracket_core.training.tuning import run_tuning
        from rebracket_core.training.tuning_share import share_tuning

        make_folder(folder)
        stage, told = f"Fine-tuning {_told(name)}", {"tuning": name}

        def step(done: int, total: int) -> None:
            self._watch.stage(stage, done, total)

        if self._config.processes > 1:
            share_tuning(job, folder, step=step, point=lambda values: self._watch.point({**told, **values}))
            forget_job(folder)
        else:
            run_tuning(job, folder, step=step, point=lambda values: self._watch.point({**told, **values}))

    def _folder(self, name: str) -> Path:
        return self._run / "checkpoints" / f"{_PREFIX}{name}"


def _told(name: str) -> str:
    """A training's name as people say it: "an encoder on the other songs (3)"."""
    kind, _, number = name.partition("-")
    return _NAMES[kind] + (f" ({int(number) + 1})" if number else "")
