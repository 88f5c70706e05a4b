"""Scores by which a labelling queue is ordered, highest first, and one sentence an item that says why it stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rebracket_core.annotation import Item, Label, Order
from rebracket_core.annotation.queue.type_keywords import type_words
from rebracket_core.errors import MissingExtraError
from rebracket_core.rainbow import AXIS_NAMES, MODES

if TYPE_CHECKING:
    import numpy as np

MAX_DIVERSE = 500


class ModelVerdict(Protocol):
    """What an order reads of a model's verdict on an item: the axis scores and the uncertainty."""

    temporal: Mapping[str, float] | None
    spatial: Mapping[str, float] | None
    ontological: Mapping[str, float] | None
    uncertainty: Mapping[str, float] | None


Triple = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores and reasons by item id; items without a score follow by chance."""

    scores: dict[str, float] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


def scores_for(
    order: Order,
    *,
    items: Sequence[Item],
    verdicts: Mapping[str, ModelVerdict],
    labels: Sequence[Label],
    vectors: np.ndarray | None = None,
    keyword_rows: Collection[str] = (),
    seed: int = 0,
) -> Scored:
    """The scores of an order over the items.

    `verdicts` by item id are needed for epistemic and coverage; `vectors` (n, d) of the items for diversity.
    """
    if order is Order.EPISTEMIC:
        return _epistemic(verdicts)
    if order is Order.DIVERSITY and vectors is not None:
        return _diverse([item.item_id for item in items], vectors, labelled={label.item_id for label in labels}, seed=seed)
    if order is Order.DISAGREEMENT:
        return _disagreement(items)
    if order is Order.TIES:
        return _ties(items, keyword_rows)
    if order is Order.COVERAGE:
        return _coverage(verdicts, labels)
    return Scored()


def _epistemic(verdicts: Mapping[str, ModelVerdict]) -> Scored:
    """By how much the ensemble's members contradict each other (mutual information), not by how mixed a text is."""
    told = {item_id: float(v.uncertainty["epistemic"]) for item_id, v in verdicts.items() if v.uncertainty}
    return Scored(told, {i: f"the models contradict each other here (mutual information {s:.3f})" for i, s in told.items()})


def _diverse(ids: Sequence[str], vectors: np.ndarray, *, labelled: Collection[str], seed: int) -> Scored:
    """By k-centre greedy selection (CoreSet of scikit-activeml): each next text is the one farthest from all before it."""
    import numpy as np

    try:
        from skactiveml.pool import CoreSet
    except ImportError:
        raise MissingExtraError("labels", what="The order by diversity") from None
    open_ = np.array([k for k, item_id in enumerate(ids) if item_id not in labelled])
    if len(open_) == 0:
        return Scored()
    known = np.array([0.0 if item_id in labelled else np.nan for item_id in ids])
    chosen = CoreSet(random_state=seed).query(X=vectors, y=known, candidates=open_, batch_size=min(MAX_DIVERSE, len(open_)))
    why = "it is unlike all texts before it"
    return Scored({ids[k]: float(len(chosen) - place) for place, k in enumerate(chosen)}, {ids[k]: why for k in chosen})


def _disagreement(items: Sequence[Item]) -> Scored:
    """By how far the people who labelled a text so far are apart."""
    apart = {i.item_id: i.disagreement for i in items if i.disagreement is not None and i.decision is None}
    return Scored(apart, {item_id: f"people are {d:.2f} apart here" for item_id, d in apart.items()})


def _ties(items: Sequence[Item], keyword_rows: Collection[str]) -> Scored:
    """By how nearly the words of a text speak for two types alike; texts whose type was counted from keywords come first.

    Where two types tie, a count of keywords says nothing, and whoever counted had to draw. The words are those of the table.
    """
    scores, why = {}, {}
    for item in items:
        (first, found), (second, other) = sorted(type_words(item.text).items(), key=lambda told: -len(told[1]))[:2]
        if not other:
            continue
        counted = item.item_id in keyword_rows
        scores[item.item_id] = counted + len(other) / len(found) + min(len(other), 50) / 1000
        lead = "its type was counted from keywords; " if counted else ""
        why[item.item_id] = f"{lead}its words speak for {first} ({', '.join(found[:3])}) and {second} ({', '.join(other[:3])})"
    return Scored(scores, why)


def _coverage(verdicts: Mapping[str, ModelVerdict], labels: Sequence[Label]) -> Scored:
    """One after the other from the mode triple that has the fewest labels so far, as the run places the texts."""
    count: Counter[Triple] = Counter()
    for label in labels:
        tops = [label.value.axes[axis].per_mille for axis in AXIS_NAMES]
        if all(sum(top) for top in tops):
            count[tuple(MODES[a][t.index(max(t))] for a, t in zip(AXIS_NAMES, tops, strict=True))] += 1
    labelled = {label.item_id for label in labels}
    waiting: dict[Triple, list[str]] = {}
    for item_id, verdict in verdicts.items():
        if item_id not in labelled:
            triple = tuple(max(told, key=told.__getitem__) for told in (getattr(verdict, axis) for axis in AXIS_NAMES))
            waiting.setdefault(triple, []).append(item_id)
    scores, why = {}, {}
    total = sum(map(len, waiting.values()))
    for place in range(total):
        triple = min((t for t, left in waiting.items() if left), key=lambda t: (count[t], t))
        item_id = waiting[triple].pop(0)
        scores[item_id] = float(total - place)
        why[item_id] = f"{', '.join(triple)} has {count[triple]} labels so far"
        count[triple] += 1
    return Scored(scores, why)
