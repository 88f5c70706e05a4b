"""How each person answers: overlap and confusion with the others, and how steady the answers to hidden repeats are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebracket_core.annotation.agreement.automation_bias import Measured
from rebracket_core.annotation.agreement.rating_arrays import WHOLE, Ratings
from rebracket_core.annotation.entities.records import Item, Label
from rebracket_core.rainbow import AXIS_NAMES

FEWEST_SHARED = 10
FEWEST_REPEATS = 5
REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class AgainstOthers:
    """One person's answers on one question beside what the others say of the same items.

    `overlap` is the mean of 1 − total variation to the mean of the others. `confusion` is (k, k): row, what the others say;
    column, what the person says; soft answers count in parts, so that the cells sum to the items shared.
    """

    annotator: str
    n_answers: int
    overlap: Measured
    confusion: tuple[tuple[float, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """The person's figures as plain values."""
        return {**asdict(self), "confusion": [list(row) for row in self.confusion]}


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How much a person's answer to a hidden repeat overlaps with the first one, over all axes answered both times."""

    annotator: str
    overlap: Measured
    same_first: Measured

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values."""
        return asdict(self)


def against_others(ratings: Ratings, *, seed: int, fewest: int = FEWEST_SHARED) -> list[AgainstOthers]:
    """Each person against the mean of the others, by name; no overlap below `fewest` items that others answered, too."""
    k = len(ratings.categories)
    totals, sizes = np.zeros((len(ratings.items), k)), ratings.sizes
    np.add.at(totals, ratings.item, ratings.shares / WHOLE)
    out = []
    for position, name in enumerate(ratings.annotators):
        mine = ratings.annotator == position
        shared = mine & (sizes[ratings.item] > 1)
        own, item = ratings.shares[shared] / WHOLE, ratings.item[shared]
        others = (totals[item] - own) / (sizes[item] - 1)[:, None]
        out.append(
            AgainstOthers(
                name,
                n_answers=int(mine.sum()),
                overlap=_measured(1.0 - np.abs(own - others).sum(axis=1) / 2.0, seed=seed, fewest=fewest, what="items shared"),
                confusion=tuple(tuple(float(v) for v in row) for row in others.T @ own),
            )
        )
    return out


def steadiness(labels: Sequence[Label], items: Iterable[Item], *, seed: int, fewest: int = FEWEST_REPEATS) -> list[Steadiness]:
    """Each person on the items that came back unannounced, by name; those who had none are left out."""
    repeat_of = {item.item_id: item.repeat_of for item in items if item.repeat_of}
    first = {(label.item_id, label.annotator): label for label in labels if label.item_id not in repeat_of and label.round == 1}
    overlaps: dict[str, list[float]] = {}
    same: dict[str, list[float]] = {}
    for label in labels:
        earlier = first.get((repeat_of.get(label.item_id, ""), label.annotator))
        if earlier is None:
            continue
        pairs = [_alike(earlier.value.axes[axis].shares, label.value.axes[axis].shares) for axis in AXIS_NAMES]
        known = [pair for pair in pairs if pair is not None]
        if known:
            overlaps.setdefault(label.annotator, []).append(float(np.mean([pair[0] for pair in known])))
            same.setdefault(label.annotator, []).append(float(np.mean([pair[1] for pair in known])))
    return [
        Steadiness(
            name,
            overlap=_measured(np.array(overlaps[name]), seed=seed, fewest=fewest, what="repeats"),
            same_first=_measured(np.array(same[name]), seed=seed, fewest=fewest, what="repeats"),
        )
        for name in sorted(overlaps)
    ]


def _alike(first: Sequence[float] | None, second: Sequence[float] | None) -> tuple[float, float] | None:
    """Overlap, and 1 where the first mode is the same; "cannot tell" once is no overlap, both times says nothing (None)."""
    if first is None or second is None:
        return None if first is None and second is None else (0.0, 0.0)
    apart = sum(abs(a - b) for a, b in zip(first, second, strict=True)) / 2.0
    return 1.0 - apart, float(int(np.argmax(first)) == int(np.argmax(second)))


def _measured(values: np.ndarray, *, seed: int, fewest: int, what: str) -> Measured:
    """The mean of one value an item, with its interval over items."""
    n = len(values)
    if n < max(fewest, 2):
        return Measured(None, None, None, n, n, why=f"not enough yet: {n} {what}, {fewest} are needed")
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=REPLICATES).astype(np.float64)
    low, high = np.quantile(draws @ values / n, (0.025, 0.975))
    return Measured(float(values.mean()), float(low), float(high), n, n)
