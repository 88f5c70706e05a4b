"""From labels to ratings: which of them may stand for what people think on their own, and what was excluded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebracket_core.annotation.agreement.rating_arrays import WHOLE, Ratings, ratings_of
from rebracket_core.annotation.entities.label_schema import AnswerKind
from rebracket_core.annotation.entities.records import Item, Label
from rebracket_core.rainbow import MODES, TYPE_NAMES


@dataclass(frozen=True, slots=True)
class Basis:
    """What a question's figures rest on.

    `base_rates` is the mean share of each mode (or of each type) over the answers; `overlap` counts items by their number
    of answers; `n_abstained` said "cannot tell" (or left the types unanswered).
    """

    n_answers: int
    n_items: int
    n_annotators: int
    n_hard: int
    n_soft: int
    n_abstained: int
    base_rates: dict[str, float]
    overlap: dict[int, int]

    def to_dict(self) -> dict[str, Any]:
        """The basis as plain values."""
        return {**asdict(self), "overlap": {str(n): items for n, items in self.overlap.items()}}


@dataclass(frozen=True, slots=True)
class Unaided:
    """Labels given alone: first round, no suggestion seen, no hidden repeat; and how many were excluded for each reason."""

    labels: tuple[Label, ...]
    n_shown: int
    n_later_rounds: int
    n_repeats: int

    def excluded(self) -> dict[str, int]:
        """Why labels don't count here, with how many: only what there is."""
        reasons = {
            "a suggestion was seen before the label": self.n_shown,
            "the item had been sent back": self.n_later_rounds,
            "it was a hidden repeat": self.n_repeats,
        }
        return {why: n for why, n in reasons.items() if n}


def unaided(labels: Iterable[Label], items: Iterable[Item] = ()) -> Unaided:
    """The labels that people gave alone. Agreement is computed from these: discussion and suggestions make people agree."""
    repeats = {item.item_id for item in items if item.repeat_of}
    alone: list[Label] = []
    skipped: Counter[str] = Counter()
    for label in labels:
        if label.item_id in repeats:
            skipped["repeat"] += 1
        elif label.round > 1:
            skipped["round"] += 1
        elif label.shown_at:
            skipped["shown"] += 1
        else:
            alone.append(label)
    return Unaided(tuple(alone), n_shown=skipped["shown"], n_later_rounds=skipped["round"], n_repeats=skipped["repeat"])


def axis_ratings(labels: Iterable[Label], axis: str) -> Ratings:
    """The answers on one axis, per mille in the axis' mode order; who cannot tell has no vote."""
    answers = ((label, label.value.axes[axis]) for label in labels)
    return ratings_of(
        (
            (label.item_id, label.annotator, answer.per_mille)
            for label, answer in answers
            if answer.kind is not AnswerKind.ABSTAIN
        ),
        categories=MODES[axis],
    )


def type_ratings(labels: Iterable[Label]) -> Ratings:
    """The sets of rebracketing types as zeros and ones in the order of the table; an unanswered set has no vote."""
    return ratings_of(
        (
            (label.item_id, label.annotator, [int(name in label.value.types) for name in TYPE_NAMES])
            for label in labels
            if label.value.types is not None
        ),
        categories=TYPE_NAMES,
        whole=None,
    )


def axis_basis(labels: Sequence[Label], axis: str) -> Basis:
    """What the figures of one axis rest on."""
    ratings = axis_ratings(labels, axis)
    hard = int(ratings.is_hard.sum())
    return _basis(ratings, n_hard=hard, n_soft=len(ratings) - hard, n_abstained=len(labels) - len(ratings), whole=WHOLE)


def type_basis(labels: Sequence[Label]) -> Basis:
    """What the figures of the types rest on; a set counts as hard."""
    ratings = type_ratings(labels)
    return _basis(ratings, n_hard=len(ratings), n_soft=0, n_abstained=len(labels) - len(ratings), whole=1)


def _basis(ratings: Ratings, *, n_hard: int, n_soft: int, n_abstained: int, whole: int) -> Basis:
    means = ratings.shares.mean(axis=0) / whole if len(ratings) else np.zeros(len(ratings.categories))
    return Basis(
        n_answers=len(ratings),
        n_items=len(ratings.items),
        n_annotators=len(ratings.annotators),
        n_hard=n_hard,
        n_soft=n_soft,
        n_abstained=n_abstained,
        base_rates=dict(zip(ratings.categories, (float(m) for m in means), strict=True)) if len(ratings) else {},
        overlap=dict(sorted(Counter(ratings.sizes.tolist()).items())),
    )
