"""A run evaluated on a data set that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from rebracket_core.corpus import Dataset, Targets, take_targets, targets
from rebracket_core.encoders import Encoder, joined
from rebracket_core.errors import DataError
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.evaluation.baseline_folds import hard_labels
from rebracket_core.training.evaluation.baselines import NAMES, baseline_predictions
from rebracket_core.training.evaluation.evaluate import Evaluation, HeldOutRows, evaluate_rows
from rebracket_core.training.evaluation.type_baselines import cross_type_baselines
from rebracket_core.training.rows import TrainingRows, labels_of_tasks, prepare_rows
from rebracket_core.validation import ConceptModel, text_fingerprint


def evaluate_run(
    model: ConceptModel,
    dataset: Dataset,
    *,
    encoder: Encoder,
    training_frame: pd.DataFrame | None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """The figures of a run on a data set other than its own.

    Rows whose text or group the run was trained on are left out and counted. The baselines learn from `training_frame`,
    the rows that the run was trained on; without it they are absent. Raises DataError where no held-out labelled row is left.
    """
    config = TrainingConfig.from_dict(dict(model.manifest["config"]))
    rows = prepare_rows(dataset.frame, config=config, encoder=encoder, progress=progress)
    n_all, rows = len(rows), take_rows(rows, _new_rows(rows, model))
    predictions = model.predict({f: rows.frame[f].tolist() for f in config.data.text}, encoder=encoder)
    held_out = HeldOutRows(
        predictions=replace(predictions, untrained=()),
        targets=rows.plain,
        groups=rows.groups,
        texts=rows.texts[config.data.text[0]],
        baselines=_baselines(rows, training_frame, config=config),
        type_baselines=_type_baselines(rows, training_frame, config=config),
        exclusive_types=config.tasks.exclusive_types,
        thresholds=[model.thresholds] * len(rows),
        coverage=config.evaluation.coverage,
        set_limits=np.full(len(rows), model.sets.limit(config.evaluation.coverage)) if model.sets else None,
    )
    return evaluate_rows(
        held_out,
        seed=config.data.seed,
        run_id=model.run_id,
        dataset=dataset.name,
        dataset_digest=dataset.meta.digest,
        split="unseen data set",
        leaked=False,
        n_seen_excluded=n_all - len(rows),
        notes=_unknown_origins(rows, model),
    )


def _new_rows(rows: TrainingRows, model: ConceptModel) -> np.ndarray:
    """(m,) the positions of the rows whose text and group the run was not trained on; DataError where there are none."""
    groups = set(model.manifest["groups"])
    seen = np.array(
        [
            text_fingerprint(t) in model.fingerprints or g in groups
            for t, g in zip(rows.frame["concept"].tolist(), rows.frame["group_id"].tolist(), strict=True)
        ]
    )
    new_at = np.flatnonzero(~seen)
    if not len(new_at):
        raise DataError(
            "The run was trained on every row of this data set.",
            expected="rows that it has not seen",
            found=f"{len(rows)} rows, all seen",
            hint="evaluate on its own data set, or import other songs",
        )
    return new_at


def _unknown_origins(rows: TrainingRows, model: ConceptModel) -> tuple[str, ...]:
    """A note on the sources that the run was not trained on, where there are any."""
    unknown = [o for o in sorted(set(rows.frame["origin"].tolist())) if o not in model.origins]
    if not unknown:
        return ()
    return (f"The run was trained on {', '.join(model.origins)}; it has never met {', '.join(unknown)}.",)


def take_rows(rows: TrainingRows, at: np.ndarray) -> TrainingRows:
    """Some of the rows, by index."""
    frame = rows.frame.iloc[at].reset_index(drop=True)
    return TrainingRows(
        frame=frame,
        texts={field: [values[i] for i in at] for field, values in rows.texts.items()},
        vectors={field: values[at] for field, values in rows.vectors.items()},
        soft=take_targets(rows.soft, at),
        plain=take_targets(rows.plain, at),
        groups=rows.groups[at],
        background=rows.background,
        sources=rows.sources[at],
    )


def _baselines(
    rows: TrainingRows, training_frame: pd.DataFrame | None, *, config: TrainingConfig
) -> dict[str, dict[str, np.ndarray]]:
    if training_frame is None:
        return {}
    own = {field: training_frame[field].tolist() for field in config.data.text}
    texts = joined(own, fields=config.data.text) + joined(rows.texts, fields=config.data.text)
    n_train = len(training_frame)
    groups = np.array([*training_frame["group_id"].tolist(), *rows.frame["group_id"].tolist()], dtype=object)
    learnt, labelled = hard_labels(targets(training_frame, smoothing=0.0)), hard_labels(rows.plain)
    out: dict[str, dict[str, np.ndarray]] = {}
    for key, labels in labelled.items():
        both = np.concatenate([learnt[key], labels])
        train, test = np.flatnonzero(learnt[key] >= 0), n_train + np.flatnonzero(labels >= 0)
        by_baseline = {name: np.full(len(labels), -1) for name in NAMES}
        if len(train) and len(test):
            predicted = baseline_predictions(texts, both, groups=groups, train=train, test=test, seed=config.data.seed)
            for name, values in predicted.items():
                by_baseline[name][test - n_train] = values
        out[key] = by_baseline
    return out


def _type_baselines(
    rows: TrainingRows, training_frame: pd.DataFrame | None, *, config: TrainingConfig
) -> dict[str, dict[str, np.ndarray]]:
    """What the baselines of types, learnt on the rows that the run was trained on, predict of other rows."""
    if training_frame is None:
        return {}
    own = {field: training_frame[field].tolist() for field in config.data.text}
    texts = joined(own, fields=config.data.text) + joined(rows.texts, fields=config.data.text)
    n_train, tasks = len(training_frame), config.tasks.tasks
    learnt = labels_of_tasks(targets(training_frame, smoothing=0.0), tasks=tasks)
    both = Targets(*(np.concatenate([getattr(learnt, name), getattr(rows.plain, name)]) for name in Targets.__slots__))
    groups = np.array([*training_frame["group_id"].tolist(), *rows.frame["group_id"].tolist()], dtype=object)
    fold = np.repeat([0, 1], [n_train, len(rows)])  # each learns on the other; the second part's are kept
    found = cross_type_baselines(
        texts, both, groups=groups, fold=fold, exclusive=config.tasks.exclusive_types, seed=config.data.seed
    )
    return {key: {name: values[n_train:] for name, values in by_name.items()} for key, by_name in found.items()}
