"""People's labels so far of the texts on a map: how far each one is, and who labelled it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.annotation import DecisionKind, Item, list_items, list_labels, list_people, list_projects
from rebracket_core.annotation.events import DISAGREES

if TYPE_CHECKING:
    from rebracket_core.annotation import LabelSession
    from rebracket_core.maps import StoredMap

SEVERAL = "several people"


class LabelState(IntEnum):
    """How far people are with a text; of several projects the farthest counts."""

    WAITING = 0
    BEGUN = 1
    LABELLED = 2
    DISPUTED = 3
    DECIDED = 4
    DROPPED = 5


LABEL_STATES = (
    "waits for labels",
    "has some of its labels",
    "has all its labels",
    "waits for a reviewer",
    "decided by a reviewer",
    "dropped by a reviewer",
)


@dataclass(frozen=True, slots=True)
class MapPeople:
    """People's labels of n points.

    `state` (n,) a LabelState, -1 where no project has the text; `annotator` (n,) positions in `names`, -1 where nobody
    labelled it. `names` holds everybody who did, by alphabet, and SEVERAL at the end.
    """

    state: np.ndarray
    annotator: np.ndarray
    names: tuple[str, ...]


def people_of(session: LabelSession, stored: StoredMap) -> MapPeople:
    """People's labels of a map's texts, as it stands now. A text is known by what it says, in whatever project."""
    by_text = stored.spec.text == "concept"
    place = {key: at for at, key in enumerate(stored.column("text" if by_text else "row_id").to_pylist())}
    state = np.full(len(stored), -1, dtype=np.int8)
    labelled_by: dict[int, set[str]] = {}
    for project in list_projects(session):
        if not by_text and project.dataset != stored.spec.dataset:
            continue
        where = {}
        for item in list_items(session, project.project_id):
            at = place.get(item.text.strip() if by_text else item.item_id)
            if at is not None:
                where[item.item_id] = at
                state[at] = max(int(state[at]), _state(item))
        for label in list_labels(session, project.project_id):
            if label.item_id in where:
                labelled_by.setdefault(where[label.item_id], set()).add(label.annotator)
    known = {person.person_id: person.name for person in list_people(session)}
    names = (*sorted({known.get(who, who) for people in labelled_by.values() for who in people}), SEVERAL)
    annotator = np.full(len(stored), -1, dtype=np.int64)
    for at, people in labelled_by.items():
        annotator[at] = names.index(known.get(next(iter(people)), next(iter(people)))) if len(people) == 1 else len(names) - 1
    return MapPeople(state, annotator, names)


def _state(item: Item) -> LabelState:
    if item.decision is DecisionKind.DROP:
        return LabelState.DROPPED
    if item.decision in (DecisionKind.GOLD, DecisionKind.KEEP):
        return LabelState.DECIDED
    if item.flagged or (item.disagreement or 0.0) > DISAGREES:
        return LabelState.DISPUTED
    if item.n_labels >= item.wanted:
        return LabelState.LABELLED
    return LabelState.BEGUN if item.n_labels else LabelState.WAITING
