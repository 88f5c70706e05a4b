"""What a training keeps of its answers to unseen rows, for the review of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.measures.held_answers import HeldAnswers
from rebracket_core.training.evaluation import Held

if TYPE_CHECKING:
    import pandas as pd

_WORDS = ("row_id", "origin", "agent", "title", "types_from")


def held_answers(held: Held, *, frame: pd.DataFrame, fold: np.ndarray) -> HeldAnswers:
    """The answers of an evaluation as they are kept; `frame` holds the same rows, `fold` (n,) the fold of each."""
    scores, truth = held.answers.scores, held.targets
    words: dict[str, Any] = {name: tuple(map(str, frame[name].tolist())) for name in _WORDS}
    return HeldAnswers(
        **words,
        axis=scores.axis,
        confidence=scores.confidence,
        types=scores.types,
        uncertainty=scores.uncertainty,
        ood_p=held.answers.ood_p,
        accept=np.array([limits.accept for limits in held.thresholds]),
        fold=fold,
        axis_target=truth.axis,
        axis_kind=truth.axis_kind.astype(str),
        types_truth=truth.types,
        types_labelled=truth.types_labelled,
    )
