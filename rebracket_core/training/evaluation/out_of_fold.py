"""What a training keeps of its answers to held-out rows, for the review of the run and for comparing two runs row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.errors import ModelError
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.stats import OutOfFoldPredictions, OutOfFoldRows
from rebracket_core.training.evaluation.evaluate import HeldOutRows, held_out_verdicts
from rebracket_core.training.evaluation.type_baselines import typed_rows
from rebracket_core.verdict_kinds import is_accepted

if TYPE_CHECKING:
    import pandas as pd

_WORDS = ("row_id", "origin", "agent", "title", "types_from")


def out_of_fold_predictions_of(held_out: HeldOutRows, *, frame: pd.DataFrame, fold: np.ndarray) -> OutOfFoldPredictions:
    """The answers of an evaluation as they are kept; `frame` holds the same rows, `fold` (n,) the fold of each.

    Raises ModelError where there are no out-of-distribution p-values.
    """
    scores, truth = held_out.predictions.scores, held_out.targets
    ood_p = held_out.predictions.ood_p
    if ood_p is None:
        raise ModelError(
            "The held-out predictions have no OOD scores.",
            expected="a p-value for each row",
            found="none",
            hint="fit the out-of-distribution detector with the folds",
        )
    words: dict[str, Any] = {name: tuple(map(str, frame[name].tolist())) for name in _WORDS}
    return OutOfFoldPredictions(
        **words,
        axis=scores.axis,
        confidence=scores.confidence,
        types=scores.types,
        uncertainty=scores.uncertainty,
        ood_p=ood_p,
        accept=np.array([limits.accept for limits in held_out.thresholds]),
        fold=fold,
        axis_target=truth.axis,
        axis_kind=truth.axis_kind.astype(str),
        types_truth=truth.types,
        types_labelled=typed_rows(truth, exclusive=held_out.exclusive_types),
        predicted_types=scores.predicted_types,
        any_type=scores.any_type,
        any_truth=truth.any_type,
        any_labelled=np.zeros_like(truth.any_labelled) if held_out.exclusive_types else truth.any_labelled,
    )


def out_of_fold_rows_of(held_out: HeldOutRows, *, frame: pd.DataFrame, tasks: Sequence[str]) -> OutOfFoldRows:
    """The rows of an evaluation as they are kept; `frame` holds the same rows, `tasks` are those that were learnt.

    The text is the concept, whatever field the run read.
    """
    truth, scores, n = held_out.targets, held_out.predictions.scores, len(frame)
    albums, axes = "album" in tasks, "axes" in tasks
    scored = held_out_verdicts(held_out, thresholds=held_out.thresholds) if albums and axes else []
    verdicts = [str(v.verdict) for v in scored] or [""] * n
    return OutOfFoldRows(
        row_id=tuple(map(str, frame["row_id"].tolist())),
        group_id=tuple(map(str, held_out.groups.tolist())),
        text=tuple(map(str, frame["concept"].tolist())),
        album_truth=truth.album_idx,
        album_top=scores.album.argmax(axis=1) if albums else np.full(n, -1),
        album_proba=scores.album if albums else np.full(scores.album.shape, np.nan),
        axis_truth=np.where(truth.axis_kind == "single", truth.axis.argmax(axis=2), -1),
        axis_top=scores.axis.argmax(axis=2) if axes else np.full((n, len(AXIS_NAMES)), -1),
        verdict=tuple(verdicts),
        accepted=np.array([is_accepted(v) for v in verdicts], dtype=bool),
    )
