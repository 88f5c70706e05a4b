"""A data set → a run: fitted, calibrated, scored on held-out groups, and written to its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.corpus import Dataset, HumanTarget, texts_with_two_types
from rebracket_core.encoders import Encoder, describe_vectors, notes_on_vectors
from rebracket_core.files import write_json
from rebracket_core.models import Calibration, ConformalSets, save_artefact, scores_from_logits
from rebracket_core.progress import counts
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.settings import Settings, Thresholds
from rebracket_core.stats import write_out_of_fold_predictions, write_out_of_fold_rows
from rebracket_core.training.callbacks import Callback
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.evaluation.baseline_folds import cross_baselines, run_type_baselines
from rebracket_core.training.evaluation.evaluate import Evaluation, HeldOutRows, evaluate_rows
from rebracket_core.training.evaluation.out_of_fold import out_of_fold_predictions_of, out_of_fold_rows_of
from rebracket_core.training.evaluation.thresholds import Choice, choose_thresholds, chosen_values, cross_thresholds
from rebracket_core.training.evaluation.transfer import transfer_between_origins
from rebracket_core.training.finetuning.encoder_tuner import FINAL, EncoderTuner
from rebracket_core.training.heads.calibration import cross_scores, fit_calibration, fold_calibrations, set_limits
from rebracket_core.training.heads.checkpoints import FoldCheckpoints
from rebracket_core.training.heads.crossfit import CrossFit, cross_fit, fit_ood, fit_with
from rebracket_core.training.learnability import Learnability, require_learnable
from rebracket_core.training.rows import TrainingRows, prepare_rows
from rebracket_core.validation import ConceptModel, Predictions, text_fingerprint

# Below so many rows the threads of BLAS wait for each other longer than they work.
_WORTH_THREADS = 3000


def train_run(
    dataset: Dataset,
    *,
    config: TrainingConfig,
    encoder: Encoder,
    folder: Path,
    thresholds: Thresholds,
    callback: Callback,
    human: Sequence[HumanTarget] = (),
    settings: Settings | None = None,
    notes: tuple[str, ...] = (),
) -> Evaluation:
    """Train into the run folder: `checkpoints/` while it goes on, then `model/` and `evaluation.json`.

    Where the config trains the encoder along, `settings` say where and on what, and the encoder that learnt lies in
    `model/encoder/`; `encoder` is then the one that it begins with.

    Gives the figures on held-out groups. The same data, config and code give the same numbers, whether the training went
    through at once or went on from the checkpoints of an earlier attempt. `human` are people's labels of texts, as the
    config's `labels` names it; `notes` are kept with the figures. Questions that the labels cannot teach are neither fitted
    nor measured, and the notes say so. Raises Cancelled where the callback does, DataError where nothing can be learnt.
    """
    from threadpoolctl import threadpool_limits

    rows = prepare_rows(dataset.frame, config=config, encoder=encoder, human=human, progress=counts(callback, "Reading texts"))
    learnable = require_learnable(rows, config=config)
    rows = replace(rows, plain=learnable.without_missing(rows.plain), soft=learnable.without_missing(rows.soft))
    tuner = EncoderTuner(folder, config=config, settings=settings, callback=callback) if config.finetuning.tunes else None
    on_data = (*notes_on_vectors(encoder), *_on_background(rows), *_ambiguity(dataset, config=config))
    remarks = (*learnable.notes, *on_data, *notes)
    given = _Inputs(folder, rows, dataset, config, encoder, thresholds, callback, tuner, remarks, learnable)
    with threadpool_limits(1 if len(rows) < _WORTH_THREADS else None):
        return _train(given)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a run is made of: its folder, the rows and the data set that they come from, and the models it begins with."""

    folder: Path
    rows: TrainingRows
    dataset: Dataset
    config: TrainingConfig
    encoder: Encoder
    thresholds: Thresholds
    callback: Callback
    tuner: EncoderTuner | None
    notes: tuple[str, ...]
    learnable: Learnability


def _train(given: _Inputs) -> Evaluation:
    folder, rows, config, callback = given.folder, given.rows, given.config, given.callback
    finished = FoldCheckpoints(folder / "checkpoints")
    crossed = cross_fit(rows, config=config, callback=callback, checkpoints=finished, tuner=given.tuner)
    callback.update("Calibrating on held-out songs", 0, 1)
    held_out = held_out_rows(rows, crossed, config=config, thresholds=given.thresholds)
    calibration = fit_calibration(crossed.logits, rows.plain, tasks=config.tasks)
    choices = choose_thresholds(held_out, targets=_targets(config)) if config.gives_verdicts else ()
    transfer = transfer_between_origins(
        rows, config=config, progress=counts(callback, "Evaluating on other sources"), tuner=given.tuner
    )
    callback.update("Scoring", 0, 1)
    evaluation = _evaluated(given, held_out, crossed=crossed, choices=choices, transfer=transfer)
    write_out_of_fold_rows(folder, out_of_fold_rows_of(held_out, frame=rows.frame, tasks=config.tasks.tasks))
    write_out_of_fold_predictions(folder, out_of_fold_predictions_of(held_out, frame=rows.frame, fold=crossed.fold))
    callback.update("Fitting the final model", 0, 1)
    model = _final_model(given, crossed, calibration=calibration, choices=choices)
    save_artefact(
        folder / "model",
        arrays=model.to_arrays(),
        manifest=_manifest(
            model, rows, dataset=given.dataset, config=config, crossed=crossed, evaluation=evaluation, transfer=transfer
        )
        | {"vectors": describe_vectors(given.encoder)},
    )
    write_json(folder / "evaluation.json", evaluation.to_dict())
    callback.update("Done", 1, 1)
    return evaluation


def _evaluated(
    given: _Inputs, held_out: HeldOutRows, *, crossed: CrossFit, choices: tuple[Choice, ...], transfer: list[dict[str, Any]]
) -> Evaluation:
    """The figures on out-of-fold predictions, with notes on how they came about."""
    config = given.config
    return evaluate_rows(
        held_out,
        seed=config.data.seed,
        run_id=given.folder.name,
        dataset=given.dataset.name,
        dataset_digest=given.dataset.meta.digest,
        split=f"{config.evaluation.split}, {len(np.unique(crossed.fold))} folds",
        leaked=config.evaluation.split == "leaked",
        n_seen_excluded=0,
        notes=(*_notes(config, transfer), *given.notes, *(choice.note for choice in choices if choice.note)),
        promises=tuple(choice.to_dict() for choice in choices),
        not_learnt=tuple(given.learnable.missing),
    )


def _final_model(given: _Inputs, crossed: CrossFit, *, calibration: Calibration, choices: tuple[Choice, ...]) -> ConceptModel:
    """The model that is fitted to all rows, with the calibration, thresholds and album sets of the cross-fit."""
    rows, config, tuner = given.rows, given.config, given.tuner
    everything = np.arange(len(rows))
    final, seen = fit_with(rows, train=everything, config=config, seed=config.data.seed, tuner=tuner, name=FINAL)
    scores = scores_from_logits(crossed.logits, calibration=calibration)
    return ConceptModel(
        run_id=given.folder.name,
        encoder_id=tuner.keep(FINAL) if tuner else given.encoder.encoder_id,
        recipe=final.recipe,
        head=final.head,
        calibration=calibration,
        ood=fit_ood(seen, train=everything, config=config),
        thresholds=given.thresholds.with_(**chosen_values(choices)),
        manifest={},
        sets=ConformalSets.fit(scores.album, rows.plain.album_idx, rows.groups),
    )


def held_out_rows(rows: TrainingRows, crossed: CrossFit, *, config: TrainingConfig, thresholds: Thresholds) -> HeldOutRows:
    """The rows with what models, calibrations and thresholds of the other folds say of them."""
    texts = rows.texts[config.data.text[0]]
    logits, fold = crossed.logits, crossed.fold
    own = fold_calibrations(logits, rows.plain, fold=fold, tasks=config.tasks)
    scores = cross_scores(logits, fold=fold, calibrations=own, head=config.head)
    held_out = HeldOutRows(
        predictions=Predictions(scores=scores, ood_p=crossed.ood_p),
        targets=rows.plain,
        groups=rows.groups,
        texts=texts,
        baselines=cross_baselines(rows, fold=crossed.fold, config=config),
        type_baselines=run_type_baselines(rows, fold=crossed.fold, config=config),
        exclusive_types=config.tasks.exclusive_types,
        thresholds=[thresholds] * len(rows),
        coverage=config.evaluation.coverage,
        set_limits=set_limits(
            logits, rows.plain, fold=fold, groups=rows.groups, calibrations=own, coverage=config.evaluation.coverage
        ),
    )
    return cross_thresholds(held_out, fold=crossed.fold, targets=_targets(config))


def _targets(config: TrainingConfig) -> dict[str, float]:
    """The shares right that the config asks for, by the threshold that is chosen for them."""
    return {"accept": config.evaluation.accept_precision}


def _manifest(
    model: ConceptModel,
    rows: TrainingRows,
    *,
    dataset: Dataset,
    config: TrainingConfig,
    crossed: CrossFit,
    evaluation: Evaluation,
    transfer: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "run_id": model.run_id,
        "encoder_id": model.encoder_id,
        "encoder": config.features.encoder,
        "dataset": dataset.name,
        "dataset_digest": dataset.meta.digest,
        "origins": sorted(set(rows.frame["origin"].tolist())),
        "n_rows": len(rows),
        "n_groups": len(set(rows.groups.tolist())),
        "labels": _labels(rows, config),
        "n_typed": int(rows.plain.types_labelled.sum()),
        "albums_absent": evaluation.album["absent"],
        "recipe": model.recipe.to_dict(),
        "calibration": model.calibration.to_dict(),
        "thresholds": model.thresholds.to_dict(),
        "album_sets": model.sets.to_dict() if model.sets else None,
        "config": config.to_dict(),
        "seed": config.data.seed,
        "split_ids": {row_id: int(k) for row_id, k in zip(rows.frame["row_id"].tolist(), crossed.fold, strict=True)},
        "groups": sorted(set(rows.frame["group_id"].tolist())),
        "text_prints": sorted({text_fingerprint(t) for t in rows.frame["concept"].tolist()}),
        "metrics": evaluation.to_dict(),
        "transfer": transfer,
    }


def _labels(rows: TrainingRows, config: TrainingConfig) -> dict[str, Any]:
    """Which labels the run was trained on: the snapshots' ids, and for each axis how many triples came from whom."""

    def counted(found: np.ndarray) -> dict[str, int]:
        return {str(name): int(n) for name, n in zip(*np.unique(found.astype(str), return_counts=True), strict=True)}

    return {
        "snapshots": [] if config.data.labels == "none" else config.data.labels.split("+"),
        "n_human": int((rows.sources == "human").any(axis=1).sum()),
        "sources": {axis: counted(rows.sources[:, j]) for j, axis in enumerate(AXIS_NAMES)},
    }


def _on_background(rows: TrainingRows) -> tuple[str, ...]:
    if rows.background is not None:
        return ()
    return (
        "There are no vectors of texts that are no concepts, so texts out of distribution are found by their distance to the "
        "training texts alone, which finds fewer of them.",
    )


def _ambiguity(dataset: Dataset, *, config: TrainingConfig) -> tuple[str, ...]:
    """A note on texts with two type labels, where the run learns types and there are any."""
    n = len(texts_with_two_types(dataset.frame)) if {"types", "has_any_type"} & set(config.tasks.tasks) else 0
    what = {"skip": "they teach and test no type", "merge": "all their types are taken", "both": "each label is learnt"}
    return (f"{n} texts have different type labels on different rows; {what[config.data.ambiguous_types]}.",) if n else ()


def _notes(config: TrainingConfig, transfer: list[dict[str, Any]]) -> tuple[str, ...]:
    notes = []
    if config.evaluation.split == "leaked":
        notes.append("LEAKED: rows of one song stand on both sides of the split; these figures measure memory, not skill.")
    for row in transfer:
        notes.append(
            f"Trained without {row['origin']}, the album of its {row['n']} texts is right {row['accuracy']:.2f} of the time."
        )
    return tuple(notes)
