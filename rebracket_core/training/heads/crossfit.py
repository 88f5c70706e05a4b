"""Models fitted on some groups that predict the others: the only predictions that figures may rest on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from rebracket_core.corpus import grouped_folds, row_folds
from rebracket_core.encoders import FeatureRecipe, TfidfVocabulary, joined
from rebracket_core.models import ALBUM, AXIS, N_OUTPUTS
from rebracket_core.models.heads import Head, OnStep
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.stats import clustered_mean
from rebracket_core.training.callbacks import Callback
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.heads.checkpoints import FoldCheckpoints
from rebracket_core.training.rows import TrainingRows, head_targets
from rebracket_core.validation import OodDetector

STAGE = "Training on the other songs"


@dataclass(frozen=True, slots=True)
class FittedHeads:
    """Heads with the recipe of the features that they take."""

    recipe: FeatureRecipe
    head: Head


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Predictions for rows whose groups they were not trained on.

    `fold` (n,) int; `logits` (n, M, 27) float32; `ood_p` (n,) p-values of a detector fitted on the other folds.
    """

    fold: np.ndarray
    logits: np.ndarray
    ood_p: np.ndarray


def fit_ensemble(
    rows: TrainingRows, *, train: np.ndarray, config: TrainingConfig, seed: int, on_step: OnStep | None = None
) -> FittedHeads:
    """Heads fitted on the rows at the indices `train`; each member stops early on its own share of the groups."""
    texts = {field: [rows.texts[field][i] for i in train] for field in config.data.text}
    vocabulary = None
    if config.features.tfidf:
        vocabulary = TfidfVocabulary.fit(
            joined(texts, fields=config.data.text), rows.groups[train].tolist(), max_terms=config.features.max_tfidf_terms
        )
    recipe = FeatureRecipe(fields=config.data.text, vector_weight=config.features.embedding_weight, vocabulary=vocabulary)
    features = recipe.assemble({f: rows.vectors[f][train] for f in config.data.text}, texts)
    head = config.head.fit(
        features,
        head_targets(rows.soft).take(train),
        member_weights=member_weights(rows, train=train, config=config, seed=seed),
        config=config.fit_config(seed=seed),
        on_step=on_step,
    )
    return FittedHeads(recipe=recipe, head=head)


def member_weights(rows: TrainingRows, *, train: np.ndarray, config: TrainingConfig, seed: int) -> np.ndarray:
    """(M, len(train)) float32 weight of each row in each member's training: 0 for the member's own share of the groups."""
    left_out = split(rows, train=train, n_folds=config.heads.ensemble_size, config=config, seed=seed)
    return (left_out[None, :] != np.arange(config.heads.ensemble_size)[:, None]).astype(np.float32)


class Tuner(Protocol):
    """Trains an encoder along with the heads; see `training.finetune`."""

    def fit(self, rows: TrainingRows, *, train: np.ndarray, seed: int, name: str) -> tuple[FittedHeads, TrainingRows]:
        """Heads, and the rows with the vectors of the encoder that learnt with them."""

    def forget(self, name: str) -> None:
        """Remove what the training of this name left."""


def fit_with(
    rows: TrainingRows,
    *,
    train: np.ndarray,
    config: TrainingConfig,
    seed: int,
    tuner: Tuner | None,
    name: str,
    on_step: OnStep | None = None,
) -> tuple[FittedHeads, TrainingRows]:
    """Heads fitted on the rows at the indices `train` and the rows as their encoder sees them, which a tuner trains along."""
    if tuner is None:
        return fit_ensemble(rows, train=train, config=config, seed=seed, on_step=on_step), rows
    return tuner.fit(rows, train=train, seed=seed, name=name)


def predict_rows(fitted: FittedHeads, rows: TrainingRows, *, at: np.ndarray) -> np.ndarray:
    """(len(at), M, 27) logits of the rows at the indices `at`."""
    fields = fitted.recipe.fields
    texts = {field: [rows.texts[field][i] for i in at] for field in fields}
    return fitted.head.logits(fitted.recipe.assemble({f: rows.vectors[f][at] for f in fields}, texts))


def split(rows: TrainingRows, *, train: np.ndarray, n_folds: int, config: TrainingConfig, seed: int) -> np.ndarray:
    """(len(train),) fold of each row: by group, or by row where the config asks for the leaked split by name."""
    if n_folds == 1:
        return np.full(len(train), -1)
    groups, strata = rows.groups[train], rows.strata[train]
    if config.evaluation.split == "leaked":
        return row_folds(len(train), n_folds=n_folds, seed=seed, confirm="leaked")
    return grouped_folds(groups, strata, n_folds=min(n_folds, len(set(groups.tolist()))), seed=seed)


def cross_fit(
    rows: TrainingRows, *, config: TrainingConfig, callback: Callback, checkpoints: FoldCheckpoints, tuner: Tuner | None = None
) -> CrossFit:
    """What models fitted on the other folds say of each row; a fold that has a checkpoint is not trained again."""
    everything = np.arange(len(rows))
    fold = split(rows, train=everything, n_folds=config.evaluation.folds, config=config, seed=config.data.seed)
    logits = np.zeros((len(rows), config.n_predictions, N_OUTPUTS), dtype=np.float32)
    ood_p = np.ones(len(rows))
    folds = np.unique(fold).tolist()
    callback.update(STAGE, 0, len(folds))
    predicted = np.zeros(len(rows), dtype=bool)
    for done, k in enumerate(folds, start=1):
        test = np.flatnonzero(fold == k)
        arrays = checkpoints.load(k, rows=test)
        if arrays is None:
            train = np.flatnonzero(fold != k)
            arrays = _fit_fold(rows, k, train=train, test=test, config=config, callback=callback, tuner=tuner)
            checkpoints.save(k, rows=test, arrays=arrays)
        if tuner is not None:
            tuner.forget(f"fold-{k}")
        logits[test], ood_p[test] = arrays["logits"], arrays["ood_p"]
        predicted[test] = True
        callback.on_fold(_right_so_far(rows, logits, predicted=predicted, seed=config.data.seed), fold=k)
        callback.update(STAGE, done, len(folds))
    return CrossFit(fold=fold, logits=logits, ood_p=ood_p)


def _fit_fold(
    rows: TrainingRows,
    k: int,
    *,
    train: np.ndarray,
    test: np.ndarray,
    config: TrainingConfig,
    callback: Callback,
    tuner: Tuner | None,
) -> dict[str, np.ndarray]:
    seed = config.data.seed + 1 + k
    fitted, seen = fit_with(
        rows, train=train, config=config, seed=seed, tuner=tuner, name=f"fold-{k}", on_step=partial(callback.on_step, fold=k)
    )
    return {
        "logits": predict_rows(fitted, seen, at=test),
        "ood_p": fit_ood(seen, train=train, config=config).p_value(seen.vectors[config.data.text[0]][test]),
    }


def _right_so_far(rows: TrainingRows, logits: np.ndarray, *, predicted: np.ndarray, seed: int) -> dict[str, Any]:
    """How often the album and each axis are right on the groups predicted so far, with the interval over groups."""
    at = np.flatnonzero(predicted)
    mean = logits[at].mean(axis=1)
    correct = {"album": (mean[:, ALBUM].argmax(axis=1) == rows.plain.album_idx[at], rows.plain.album_idx[at] >= 0)}
    target = rows.plain.axis[at]
    single = rows.plain.axis_known[at] & (target.max(axis=-1) == 1.0)
    says = mean[:, AXIS].reshape(len(at), -1, 3).argmax(axis=-1)
    for i, axis in enumerate(AXIS_NAMES):
        correct[axis] = (says[:, i] == target[:, i].argmax(axis=-1), single[:, i])
    out: dict[str, Any] = {"n": len(at)}
    for name, (right, counts) in correct.items():
        if counts.any():
            share = clustered_mean(right[counts].astype(np.float64), rows.groups[at][counts], seed=seed)
            out[name], out[f"{name}_low"], out[f"{name}_high"] = share.value, share.ci_low, share.ci_high
    return out


def fit_ood(rows: TrainingRows, *, train: np.ndarray, config: TrainingConfig) -> OodDetector:
    """An out-of-distribution detector fitted on the vectors of the first text field of the rows `train`."""
    return OodDetector.fit(
        rows.vectors[config.data.text[0]][train],
        rows.groups[train],
        origins=rows.frame["origin"].to_numpy(dtype=str)[train],
        background=rows.background,
        seed=config.data.seed,
    )
