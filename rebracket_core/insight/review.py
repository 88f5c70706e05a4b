"""A run as it is reviewed: its out-of-fold predictions, and the labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rebracket_core.errors import InputError, ModelError
from rebracket_core.stats import PREDICTIONS_FILE, OutOfFoldPredictions, OutOfFoldRows, common_positions, take_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(OutOfFoldRows):
    """The out-of-fold rows of a run: each was predicted by a model that was trained without the row's song, unless `leaked`.

    `predictions` holds every number in the same order; None for runs that kept the rows alone.
    """

    run_id: str
    dataset: str
    leaked: bool
    predictions: OutOfFoldPredictions | None = None

    @property
    def groups(self) -> np.ndarray:
        """(n,) str: the group of each row."""
        return np.asarray(self.group_id, dtype=str)

    @property
    def n_groups(self) -> int:
        """How many songs or threads there are."""
        return len(set(self.group_id))

    @property
    def comparable(self) -> np.ndarray:
        """(n,) bool: the row has an album and the run names one."""
        return np.asarray((self.album_truth >= 0) & (self.album_top >= 0))

    @property
    def probability(self) -> np.ndarray:
        """(n,) the probability of the first album; NaN where the run learnt none."""
        return np.asarray(self.album_proba.max(axis=1))

    def all_predictions(self) -> OutOfFoldPredictions:
        """Return every number of the run. Raises: ModelError where it was made before they were kept."""
        if self.predictions is None:
            raise ModelError(
                "This run did not keep all numbers of its held-out texts.",
                expected=PREDICTIONS_FILE,
                found="no such file",
                hint="train it again with this version, on the same data and config",
                where=self.run_id,
            )
        return self.predictions

    def take(self, at: np.ndarray) -> Review:
        """Some of the rows, by index."""
        rows: dict[str, Any] = {name: take_rows(getattr(self, name), at) for name in OutOfFoldRows.__slots__}
        return replace(self, **rows, predictions=None if self.predictions is None else self.predictions.take(at))


def common_rows(first: Review, second: Review) -> tuple[Review, Review]:
    """Return both runs on the rows that they share (same id, same text), in the order of the first.

    Raises: InputError where there is none.
    """
    here, there = common_positions(first, second)
    if not len(here):
        raise InputError(
            "These runs have no held-out texts in common.",
            expected="common held-out texts",
            found=f"none of {len(first):,} and {len(second):,}",
            hint="choose runs on the same data set",
            where=f"{first.run_id} and {second.run_id}",
        )
    return first.take(here), second.take(there)
