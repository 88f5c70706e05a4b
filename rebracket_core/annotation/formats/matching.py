"""Labels of a file, each with the item and person that it is of, one a person, item and round: the newest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rebracket_core.annotation.database.values import iso_of
from rebracket_core.annotation.entities.label_schema import text_digest
from rebracket_core.annotation.entities.records import Item, Label
from rebracket_core.annotation.formats.fields import brief_name
from rebracket_core.annotation.formats.records import Draft, Reading
from rebracket_core.annotation.people import person_key
from rebracket_core.errors import InputError
from rebracket_core.texts import caseless_name, matched_text

_NEAR = "texts that differ from the project's in blanks, line ends or characters that nobody sees, matched"
_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)

Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """A draft, the item that it is of, and the key of its person."""

    draft: Draft
    item: Item
    person: str

    @property
    def key(self) -> Key:
        """The item, person and round, of which there is one label."""
        return self.item.item_id, self.person, self.draft.round


class ItemMatcher:
    """Finds the item that a draft is of."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._by_id = {item.item_id: item for item in items}
        self._by_digest: dict[str, list[Item]] = {}
        self._by_text: dict[str, list[Item]] = {}
        for item in items:
            if not item.repeat_of:
                self._by_digest.setdefault(item.text_digest, []).append(item)
                self._by_text.setdefault(matched_text(item.text), []).append(item)

    def place(self, reading: Reading) -> list[Placed]:
        """The drafts with their items; what has none, or a person whose name cannot be used, is skipped in the reading."""
        found = []
        for draft in reading.drafts:
            try:
                person = person_key(draft.annotator)
            except InputError as error:
                reading.skip(draft.where, f"annotator: {error}")
                continue
            item = self._exact(draft)
            if item is None:
                item, why = self._near(draft)
                if item is None:
                    reading.skip(draft.where, why)
                    continue
                reading.taken_as[_NEAR] += 1
            found.append(Placed(draft, item, person))
        return found

    def _exact(self, draft: Draft) -> Item | None:
        """The item of the draft's id and digest, or the only one of its digest."""
        digest = draft.text_digest or (text_digest(draft.text) if draft.text else "")
        item = self._by_id.get(draft.item_id)
        if item is not None and digest in ("", item.text_digest):
            return item
        same = self._by_digest.get(digest, [])
        return same[0] if len(same) == 1 else None

    def _near(self, draft: Draft) -> tuple[Item | None, str]:
        """The item of the draft's text as far as a reader sees it, or None and why there is none."""
        text, item = matched_text(draft.text), self._by_id.get(draft.item_id)
        if item is not None and text and text == matched_text(item.text):
            return item, ""
        alike = self._by_text.get(text, []) if text else []
        if len(alike) == 1:
            return alike[0], ""
        if item is not None:
            return None, f"its text is not the one that item {brief_name(draft.item_id)} has here"
        if alike or self._by_digest.get(draft.text_digest):
            return None, "several items have this text: an id is needed"
        return None, "the project has no item of this text or id"


def labels_by_key(labels: Iterable[Label]) -> dict[Key, Label]:
    """Labels by item, person and round, the newest of those whose persons' ids are only written in different ways."""
    return {
        (label.item_id, caseless_name(label.annotator), label.round): label
        for label in sorted(labels, key=lambda one: _moment(one.client_time) or _NEVER)
    }


def newest(placed: Sequence[Placed], *, reading: Reading, there: Mapping[Key, Label]) -> list[Placed]:
    """The newest draft a key by its own time, else the last; the others, and those older than the label there, are skipped."""
    groups: dict[Key, list[Placed]] = {}
    for one in placed:
        groups.setdefault(one.key, []).append(one)
    winners = {key: max(enumerate(group), key=lambda pair: (_time(pair[1]), pair[0]))[1] for key, group in groups.items()}
    found = []
    for one in placed:
        winner, stands = winners[one.key], there.get(one.key)
        if one is not winner:
            reading.skip(one.draft.where, _superseded(one, winner))
        elif stands is not None and _is_older(one.draft, stands):
            reading.skip(one.draft.where, f"{brief_name(one.draft.annotator)} gave a newer answer that the project has")
        else:
            found.append(one)
    return found


def _superseded(one: Placed, winner: Placed) -> str:
    who, where = brief_name(one.draft.annotator), winner.draft.where
    if one.draft.value == winner.draft.value:
        return f"{who} gave the same answer at {where}"
    if _time(winner) == _time(one):
        return f"{who} answered this text again at {where}; no time says which is newer, and the last one counts"
    return f"{who} gave a newer answer at {where}, which counts"


def _is_older(draft: Draft, stands: Label) -> bool:
    """Whether a draft with another answer is older, by its own time, than the label that stands."""
    mine, theirs = _moment(draft.client_time), _moment(stands.client_time)
    return mine is not None and theirs is not None and mine < theirs and draft.value != stands.value


def _time(one: Placed) -> dt.datetime:
    return _moment(one.draft.client_time) or _moment(one.draft.server_time) or _NEVER


def _moment(text: str) -> dt.datetime | None:
    """The moment of a text, without a zone in UTC; None for what is no moment."""
    try:
        return dt.datetime.fromisoformat(iso_of(text))
    except InputError:
        return None
