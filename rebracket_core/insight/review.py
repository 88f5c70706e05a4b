"""A run as it is reviewed: what it said of texts whose songs its models had not met, and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rebracket_core.errors import InputError, ModelError
from rebracket_core.stats.out_of_fold import PREDICTIONS_FILE, OutOfFoldPredictions
from rebracket_core.stats.out_of_fold_files import take_rows
from rebracket_core.stats.out_of_fold_rows import OutOfFoldRows, common_positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(OutOfFoldRows):
    """The unseen rows of a run. Nothing in it was answered by a model that had met the row's song, unless `leaked`.

    `answers` holds every number in the same order; None for runs that kept the rows alone.
    """

    run_id: str
    dataset: str
    leaked: bool
    answers: OutOfFoldPredictions | None = None

    @property
    def groups(self) -> np.ndarray:
        """(n,) str: the group of each row."""
        return np.asarray(self.group_id, dtype=str)

    @property
    def n_groups(self) -> int:
        """How many songs or threads there are."""
        return len(set(self.group_id))

    @property
    def judged(self) -> np.ndarray:
        """(n,) bool: the row has an album and the run names one."""
        return np.asarray((self.album_truth >= 0) & (self.album_top >= 0))

    @property
    def probability(self) -> np.ndarray:
        """(n,) the probability of the first album; NaN where the run learnt none."""
        return np.asarray(self.album_proba.max(axis=1))

    def full(self) -> OutOfFoldPredictions:
        """Every number of the run. ModelError where it was made before they were kept."""
        if self.answers is None:
            raise ModelError(
                "This run did not keep all numbers of its unseen texts.",
                expected=PREDICTIONS_FILE,
                found="no such file",
                hint="train it again with this version, on the same data and config",
                where=self.run_id,
            )
        return self.answers

    def take(self, at: np.ndarray) -> Review:
        """Some of the rows, by index."""
        rows: dict[str, Any] = {name: take_rows(getattr(self, name), at) for name in OutOfFoldRows.__slots__}
        return replace(self, **rows, answers=None if self.answers is None else self.answers.take(at))


def common_rows(first: Review, second: Review) -> tuple[Review, Review]:
    """Both runs on the rows that both were asked (same id, same text), in the order of the first.

    Raises InputError where there is none.
    """
    here, there = common_positions(first, second)
    if not len(here):
        raise InputError(
            "These runs were not asked the same texts.",
            expected="common unseen texts",
            found=f"none of {len(first):,} and {len(second):,}",
            hint="choose runs on the same data set",
            where=f"{first.run_id} and {second.run_id}",
        )
    return first.take(here), second.take(there)
