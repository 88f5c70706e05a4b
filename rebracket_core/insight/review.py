"""A run as it is reviewed: what it said of texts whose songs its models had not met, and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from rebracket_core.errors import InputError, ModelError
from rebracket_core.measures.held_answers import HeldAnswers


@dataclass(frozen=True, slots=True)
class Review:
    """n unseen rows of a run. Nothing in it was answered by a model that had met the row's song, unless `leaked`.

    `group_id` the songs or threads that the split kept together; `album_truth` and `album_top` (n,) positions in ALBUM_NAMES,
    -1 where there is none; `album_proba` (n, 9), NaN where the run learnt no albums; `axis_truth` and `axis_top` (n, 3)
    positions in each axis' MODES, -1 where there is none or not exactly one; `verdict` "" where the run gives none.
    `answers` holds every number in the same order; None for runs that kept only the above.
    """

    run_id: str
    dataset: str
    leaked: bool
    row_id: tuple[str, ...]
    group_id: tuple[str, ...]
    text: tuple[str, ...]
    album_truth: np.ndarray
    album_top: np.ndarray
    album_proba: np.ndarray
    axis_truth: np.ndarray
    axis_top: np.ndarray
    verdict: tuple[str, ...]
    accepted: np.ndarray
    answers: HeldAnswers | None = None

    def __len__(self) -> int:
        return len(self.row_id)

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

    def full(self) -> HeldAnswers:
        """Every number of the run. ModelError where it was made before they were kept."""
        if self.answers is None:
            raise ModelError(
                "This run did not keep all numbers of its unseen texts.",
                expected="held_answers.parquet",
                found="no such file",
                hint="train it again with this version, on the same data and config",
                where=self.run_id,
            )
        return self.answers

    def take(self, at: np.ndarray) -> Review:
        """Some of the rows, by index."""
        changed: dict[str, Any] = {f.name: pick(getattr(self, f.name), at) for f in fields(self) if f.name in _BY_ROW}
        kept = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _BY_ROW}
        if self.answers is not None:
            whole = self.answers
            kept["answers"] = HeldAnswers(**{name: pick(getattr(whole, name), at) for name in HeldAnswers.__slots__})
        return Review(**kept, **changed)


_BY_ROW = frozenset(
    ("row_id", "group_id", "text", "album_truth", "album_top", "album_proba", "axis_truth", "axis_top", "verdict", "accepted")
)


def pick(values: Any, at: np.ndarray) -> Any:
    """The values at some positions, an array as an array and a tuple as a tuple."""
    return values[at] if isinstance(values, np.ndarray) else tuple(values[int(i)] for i in at)


def common_rows(first: Review, second: Review) -> tuple[Review, Review]:
    """Both runs on the rows that both were asked (same id, same text), in the order of the first.

    Raises InputError where there is none.
    """
    place = {key: k for k, key in enumerate(zip(second.row_id, second.text, strict=True))}
    pairs = [(i, place[key]) for i, key in enumerate(zip(first.row_id, first.text, strict=True)) if key in place]
    if not pairs:
        raise InputError(
            "These runs were not asked the same texts.",
            expected="common unseen texts",
            found=f"none of {len(first):,} and {len(second):,}",
            hint="choose runs on the same data set",
            where=f"{first.run_id} and {second.run_id}",
        )
    at = np.array(pairs, dtype=np.int64)
    return first.take(at[:, 0]), second.take(at[:, 1])
