"""What a suggestion does to people: how often they agree with the model when they saw its answer, and when they did not.

Which items are blind is drawn by a hash of the item, so the two arms differ by chance and by the suggestion alone. Items
are drawn again for the intervals, for the labels of one item are not independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebracket_core.annotation.entities.label_schema import AnswerKind
from rebracket_core.annotation.entities.records import Item, Label, LabelValue, Suggestion
from rebracket_core.rainbow import AXIS_NAMES

FEWEST_LABELS = 20
REPLICATES = 2000


@dataclass(frozen=True, slots=True)
class Exposure:
    """One answer beside the model's on one axis: whether the model's was seen first, and what the person had said before.

    `shares` and `model` are fractions in mode order; `before` is the person's own answer from before the suggestion was
    shown, None where there is none; `active_s` is the time spent, 0 where it is not known.
    """

    item_id: str
    axis: str
    shown: bool
    shares: tuple[float, ...]
    model: tuple[float, ...]
    before: tuple[float, ...] | None = None
    active_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95 % interval over items and how many answers and items it rests on; None where `why` says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_items: int
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The figure as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AutomationBias:
    """The effect of suggestions on one axis (or on all).

    `shown` and `blind` are the shares of answers whose first mode is the model's; `difference` is shown less blind.
    `overlap_difference` is the same of 1 − total variation, which soft answers move too. `flip_rate` is the share of people's
    own answers that changed after the suggestion was shown, `toward_model` the share of those changes that moved toward it.
    `time_difference_s` is the median active time shown less blind.
    """

    question: str
    shown: Measured
    blind: Measured
    difference: Measured
    overlap_difference: Measured
    flip_rate: Measured
    toward_model: Measured
    time_difference_s: Measured

    def to_dict(self) -> dict[str, Any]:
        """The effect as plain values."""
        parts = ("shown", "blind", "difference", "overlap_difference", "flip_rate", "toward_model", "time_difference_s")
        return {"question": self.question, **{name: getattr(self, name).to_dict() for name in parts}}


def exposures(
    labels: Iterable[Label],
    items: Iterable[Item],
    *,
    suggestions: Mapping[str, Suggestion],
    before: Mapping[str, LabelValue] | None = None,
) -> list[Exposure]:
    """An exposure for each answered axis of each label whose item has a suggestion; hidden repeats and later rounds aside.

    `before` gives, by label id, what its annotator had answered before the suggestion was shown. Blind are the labels of
    items that never show one; a label of another item counts as shown where its suggestion was seen, and not at all where
    the person had the choice and did not see it.
    """
    known = {item.item_id: item for item in items if not item.repeat_of}
    earlier, out = before or {}, []
    for label in labels:
        item, suggestion = known.get(label.item_id), suggestions.get(label.item_id)
        if item is None or suggestion is None or label.round > 1:
            continue
        shown = bool(label.shown_at)
        if not shown and not (item.blind or item.in_random_sample):
            continue
        first = earlier.get(label.label_id)
        for axis, answer in label.value.axes.items():
            if answer.shares is None or axis not in suggestion.axes:
                continue
            own = first.axes[axis].shares if first is not None else None
            out.append(Exposure(item.item_id, axis, shown, answer.shares, suggestion.axes[axis], own, label.active_s))
    return out


def automation_bias_of(
    rows: Sequence[Exposure],
    *,
    seed: int,
    question: str = "all axes",
    fewest: int = FEWEST_LABELS,
    replicates: int = REPLICATES,
) -> AutomationBias:
    """The effect of having seen the suggestion, from all rows given; no figure below `fewest` answers in an arm."""
    draw = _Draw(seed=seed, fewest=fewest, replicates=replicates)
    shown, blind = [r for r in rows if r.shown], [r for r in rows if not r.shown]
    agree = [np.array([_same_first(r.shares, r.model) for r in arm], dtype=np.float64) for arm in (shown, blind)]
    close = [np.array([1.0 - _apart(r.shares, r.model) for r in arm], dtype=np.float64) for arm in (shown, blind)]
    names = [np.array([r.item_id for r in arm], dtype=str) for arm in (shown, blind)]
    changed = [(r, r.before) for r in shown if r.before is not None]
    moved = [(r, before) for r, before in changed if _apart(r.shares, before) > 1e-9]
    changes = np.array([_apart(r.shares, before) > 1e-9 for r, before in changed], dtype=np.float64)
    toward = np.array([_apart(r.shares, r.model) < _apart(before, r.model) - 1e-9 for r, before in moved], dtype=np.float64)
    return AutomationBias(
        question,
        shown=_mean(agree[0], names[0], draw=draw, what="answers with a suggestion seen"),
        blind=_mean(agree[1], names[1], draw=draw, what="blind answers"),
        difference=_gap(agree, names, draw=draw),
        overlap_difference=_gap(close, names, draw=draw),
        flip_rate=_mean(changes, _items([r for r, _ in changed]), draw=draw, what="answers given before the suggestion came"),
        toward_model=_mean(toward, _items([r for r, _ in moved]), draw=draw, what="changed answers"),
        time_difference_s=_time_gap(shown, blind, draw=draw),
    )


def bias_by_axis(rows: Sequence[Exposure], *, seed: int, fewest: int = FEWEST_LABELS) -> list[AutomationBias]:
    """The effect over all axes, then on each."""
    parts = [automation_bias_of(rows, seed=seed, fewest=fewest)]
    return parts + [
        automation_bias_of([r for r in rows if r.axis == axis], seed=seed, question=axis, fewest=fewest) for axis in AXIS_NAMES
    ]


def first_answers(revisions: Iterable[Label]) -> dict[str, LabelValue]:
    """By label id of the answer that came after the suggestion, the same person's last answer from before it was seen.

    `revisions` are all labels ever given, in order of time; an answer in which everything is "cannot tell" is none.
    """
    last: dict[tuple[str, str, int], LabelValue] = {}
    out: dict[str, LabelValue] = {}
    for label in revisions:
        key = (label.item_id, label.annotator, label.round)
        if label.shown_at:
            if key in last:
                out[label.label_id] = last[key]
        elif any(answer.kind is not AnswerKind.ABSTAIN for answer in label.value.axes.values()):
            last[key] = label.value
    return out


def _items(rows: Sequence[Exposure]) -> np.ndarray:
    return np.array([r.item_id for r in rows], dtype=str)


def _same_first(shares: Sequence[float], model: Sequence[float]) -> float:
    """How far the first modes are the same: 1 or 0, and a part where the person's first place is shared."""
    top = max(shares)
    first = [k for k, share in enumerate(shares) if share >= top - 1e-9]
    return float(int(np.argmax(model)) in first) / len(first)


def _apart(first: Sequence[float], second: Sequence[float]) -> float:
    return float(sum(abs(a - b) for a, b in zip(first, second, strict=True)) / 2.0)


@dataclass(frozen=True, slots=True)
class _Draw:
    seed: int
    fewest: int
    replicates: int

    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)


def _resampled(values: np.ndarray, names: np.ndarray, *, rng: np.random.Generator, replicates: int) -> np.ndarray:
    """(b,) means of the values over items drawn with replacement."""
    found, inverse = np.unique(names, return_inverse=True)
    sums, counts = np.bincount(inverse, weights=values), np.bincount(inverse)
    draws = rng.multinomial(len(found), np.full(len(found), 1.0 / len(found)), size=replicates).astype(np.float64)
    return np.asarray((draws @ sums) / (draws @ counts))


def _mean(values: np.ndarray, names: np.ndarray, *, draw: _Draw, what: str) -> Measured:
    n, n_items = len(values), len(np.unique(names))
    if n < draw.fewest or n_items < 2:
        return Measured(None, None, None, n, n_items, why=f"not enough yet: {n} {what}, {draw.fewest} are needed")
    low, high = np.quantile(_resampled(values, names, rng=draw.rng(), replicates=draw.replicates), (0.025, 0.975))
    return Measured(float(values.mean()), float(low), float(high), n, n_items)


def _gap(values: Sequence[np.ndarray], names: Sequence[np.ndarray], *, draw: _Draw) -> Measured:
    n, n_items = sum(map(len, values)), sum(len(np.unique(x)) for x in names)
    if min(map(len, values)) < draw.fewest or min(len(np.unique(x)) for x in names) < 2:
        why = f"not enough yet: {len(values[0])} shown and {len(values[1])} blind answers, {draw.fewest} of each are needed"
        return Measured(None, None, None, n, n_items, why=why)
    rng = draw.rng()
    drawn = [_resampled(v, x, rng=rng, replicates=draw.replicates) for v, x in zip(values, names, strict=True)]
    low, high = np.quantile(drawn[0] - drawn[1], (0.025, 0.975))
    return Measured(float(values[0].mean() - values[1].mean()), float(low), float(high), n, n_items)


def _time_gap(shown: Sequence[Exposure], blind: Sequence[Exposure], *, draw: _Draw) -> Measured:
    """Of medians; a label's time counts once, however many axes it answered."""
    timed = [[r for r in arm if r.active_s > 0] for arm in (shown, blind)]
    arms = [np.array(list({(r.item_id, r.active_s): r.active_s for r in arm}.values())) for arm in timed]
    n = len(arms[0]) + len(arms[1])
    if min(map(len, arms)) < draw.fewest:
        counts = f"{len(arms[0])} shown and {len(arms[1])} blind labels with a time"
        why = f"not enough yet: {counts}, {draw.fewest} of each are needed"
        return Measured(None, None, None, n, n, why=why)
    rng = draw.rng()
    drawn = [np.median(rng.choice(arm, size=(draw.replicates, len(arm))), axis=1) for arm in arms]
    low, high = np.quantile(drawn[0] - drawn[1], (0.025, 0.975))
    return Measured(float(np.median(arms[0]) - np.median(arms[1])), float(low), float(high), n, n)
