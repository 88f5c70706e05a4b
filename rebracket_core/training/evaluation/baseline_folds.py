"""The baselines' answers on the folds of a run, and on a data set that the run was not trained on."""

from __future__ import annotations

import numpy as np

from rebracket_core.corpus import Targets
from rebracket_core.encoders import joined
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.evaluation.baselines import NAMES, baseline_predictions
from rebracket_core.training.evaluation.type_baselines import cross_type_baselines
from rebracket_core.training.rows import TrainingRows


def cross_baselines(rows: TrainingRows, *, fold: np.ndarray, config: TrainingConfig) -> dict[str, dict[str, np.ndarray]]:
    """For "album" and each axis: what each baseline, learnt on the other folds, answers: (n,) classes, -1 without a label."""
    texts = joined(rows.texts, fields=config.data.text)
    own_groups = np.array(rows.frame["group_id"].tolist(), dtype=object)
    out: dict[str, dict[str, np.ndarray]] = {}
    for key, labels in hard_labels(rows.plain).items():
        by_baseline = {name: np.full(len(rows), -1) for name in NAMES}
        labelled = labels >= 0
        for k in np.unique(fold):
            train, test = np.flatnonzero((fold != k) & labelled), np.flatnonzero((fold == k) & labelled)
            if not len(train) or not len(test):
                continue
            predicted = baseline_predictions(texts, labels, groups=own_groups, train=train, test=test, seed=config.data.seed)
            for name, values in predicted.items():
                by_baseline[name][test] = values
        out[key] = by_baseline
    return out


def run_type_baselines(rows: TrainingRows, *, fold: np.ndarray, config: TrainingConfig) -> dict[str, dict[str, np.ndarray]]:
    """For "types" and "has_any_type": what each baseline, learnt on the other folds, predicts of a run's rows."""
    return cross_type_baselines(
        joined(rows.texts, fields=config.data.text),
        rows.plain,
        groups=np.array(rows.frame["group_id"].tolist(), dtype=object),
        fold=fold,
        exclusive=config.tasks.exclusive_types,
        seed=config.data.seed,
    )


def hard_labels(plain: Targets) -> dict[str, np.ndarray]:
    """(n,) int labels for "album" and each axis; -1 where a row has no album or no single mode."""
    labels = {"album": plain.album_idx}
    for j, axis in enumerate(AXIS_NAMES):
        labels[axis] = np.where(plain.axis_kind[:, j] == "single", plain.axis[:, j].argmax(axis=1), -1)
    return labels
