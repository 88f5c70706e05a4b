"""Labels out of the database into a file and back in: every count is checked, and what is lost or guessed is reported."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rebracket_core.annotation.database.values import storable
from rebracket_core.annotation.entities.enums import AckStatus
from rebracket_core.annotation.entities.records import Item, Label
from rebracket_core.annotation.formats.matching import ItemMatcher, Placed, labels_by_key, newest
from rebracket_core.annotation.formats.records import Draft, Reading, Row, Skipped
from rebracket_core.annotation.formats.registry import LABEL_FORMATS, detect
from rebracket_core.annotation.labelling import submit_imported
from rebracket_core.annotation.queries import get_progress, list_items, list_labels
from rebracket_core.annotation.session import LabelSession
from rebracket_core.errors import StoreError
from rebracket_core.texts import caseless_name

_IDS = uuid.UUID("1c0ab21e-6a1d-5c55-8a67-3f6d2f0c9b44")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of labels: how many the database has, how many the file holds, and what the format could not hold.

    `companions` are further files that belong beside it, by the suffix of their names.
    """

    format_name: str
    suffix: str
    data: bytes
    n_in_database: int
    n_written: int
    lost: tuple[str, ...]
    companions: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of importing a file of labels: counts, places without a label, and what had to be interpreted."""

    format_name: str
    n_saved: int
    n_revised: int
    n_already: int
    skipped: tuple[Skipped, ...]
    taken_as: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "form": self.format_name,
            "saved": self.n_saved,
            "revised": self.n_revised,
            "already": self.n_already,
            "skipped": [one.to_dict() for one in self.skipped],
            "taken_as": dict(self.taken_as),
        }


def export_labels(session: LabelSession, project_id: str, *, format_name: str = "jsonl") -> Exported:
    """All labels of a project in a format.

    The file is read back: the labels in it are counted, not those that were meant to be in it.

    Raises:
        InputError: for an unknown project or format.
        StoreError: unless database, file and what is reported as left out agree.
    """
    chosen = LABEL_FORMATS.get(format_name)
    items = {item.item_id: item for item in list_items(session, project_id)}
    labels = list_labels(session, project_id)
    there = get_progress(session, project_id).n_labels
    if there != len(labels):  # somebody labelled in between: look once more
        labels = list_labels(session, project_id)
        there = get_progress(session, project_id).n_labels
    written = chosen.write([Row(label, items[label.item_id]) for label in labels])
    found = chosen.read(written.data, name=f"labels{chosen.suffix}")
    earlier = 0 if chosen.keeps_rounds else there - len({(label.item_id, label.annotator) for label in labels})
    if there != len(labels) or len(found.drafts) != written.n_labels or written.n_labels + earlier != there:
        raise StoreError(
            "The export does not hold what the database holds.",
            expected=f"{there:,} labels",
            found=f"{len(found.drafts):,} in the file, {earlier:,} left out",
            hint="export again when nobody is labelling",
        )
    return Exported(
        chosen.name, chosen.suffix, written.data, there, written.n_labels, written.lost, companions=chosen.companions()
    )


def import_labels(
    session: LabelSession, project_id: str, *, data: bytes, name: str, by: str, format_name: str | None = None
) -> Imported:
    """Put a file's labels into a project, as events with the file as their source (reviewers and admins).

    A label is matched to its item by id and the digest of the text, or by the text alone (blanks, line ends and characters
    that nobody sees do not matter). Of several answers of a person to an item, those in the database among them, the newest
    counts; one that the database has already is left as it is.

    Args:
        session: the labels' session.
        project_id: the project whose items the labels are of.
        data: the bytes of the file.
        name: the name of the file, which becomes the source of its labels.
        by: the person_id of whoever imports.
        format_name: the format; None to find it from the content.

    Raises:
        InputError: for an unknown project or format, or a person who may not import.
        DataError: for a file that cannot be read.
    """
    name = storable(name)
    chosen = LABEL_FORMATS.get(format_name) if format_name else detect(data, name=name)
    reading = chosen.read(data, name=name)
    labels, n_already = _new_labels(session, project_id, reading=reading, name=name)
    statuses = _save(session, project_id, labels=labels, by=by, source=name, reading=reading)
    return Imported(
        format_name=chosen.name,
        n_saved=statuses[AckStatus.SAVED],
        n_revised=statuses[AckStatus.REVISED],
        n_already=statuses[AckStatus.ALREADY] + n_already,
        skipped=tuple(reading.skipped),
        taken_as=dict(reading.taken_as),
    )


def _save(
    session: LabelSession, project_id: str, *, labels: list[tuple[str, Label]], by: str, source: str, reading: Reading
) -> dict[AckStatus, int]:
    """How many labels were saved, were there and were refused; the refused ones are skipped in the reading."""
    statuses = dict.fromkeys(AckStatus, 0)
    for start in range(0, len(labels), _CHUNK):
        part = labels[start : start + _CHUNK]
        acks = submit_imported(session, project_id, labels=[label for _, label in part], by=by, source=source)
        for (where, _), ack in zip(part, acks, strict=True):
            statuses[ack.status] += 1
            if ack.status is AckStatus.REFUSED:
                reading.skip(where, ack.reason)
    return statuses


def _new_labels(session: LabelSession, project_id: str, *, reading: Reading, name: str) -> tuple[list[tuple[str, Label]], int]:
    """The labels that the database does not have yet, each with its place in the file, and how many it has already."""
    there = list_labels(session, project_id)
    known, stands = {label.label_id: label for label in there}, labels_by_key(there)
    placed = ItemMatcher(list_items(session, project_id)).place(reading)
    labels, n_already = [], 0
    for one in _with_own_ids(newest(placed, reading=reading, there=stands), known=known, reading=reading):
        label = _label(one.draft, one.item, name=name)
        by_content = _label(replace(one.draft, label_id=""), one.item, name=name)
        same = known.get(label.label_id) or known.get(by_content.label_id)
        if same is not None and same.item_id == label.item_id and same.value != label.value:  # changed since: a revision
            label, same = by_content, known.get(by_content.label_id)
        alike = None if one.draft.label_id else stands.get(one.key)
        if (same is not None and same.item_id == label.item_id) or _is_there(label, alike):
            n_already += 1
        else:
            labels.append((one.draft.where, label))
    return labels, n_already


def _with_own_ids(placed: Sequence[Placed], *, known: Mapping[str, Label], reading: Reading) -> Iterator[Placed]:
    """The drafts, without an id that stands for a label of another person, text or round, here or earlier in the file."""
    owners = {label_id: (label.item_id, caseless_name(label.annotator), label.round) for label_id, label in known.items()}
    for one in placed:
        if one.draft.label_id and owners.setdefault(one.draft.label_id, one.key) != one.key:
            reading.taken_as["ids that another label has, taken as labels without an id"] += 1
            one = replace(one, draft=replace(one.draft, label_id=""))
        yield one


def _is_there(label: Label, stands: Label | None) -> bool:
    """Whether the database has an answer without an id of its own already, from a file of another name."""
    return stands is not None and (stands.value, stands.client_time) == (label.value, label.client_time)


def _label(draft: Draft, item: Item, *, name: str) -> Label:
    """The label of a draft; without an id of its own it gets one made of its content, so that twice is once."""
    parts = (name, item.project_id, item.item_id, draft.annotator, str(draft.round), repr(draft.value.to_dict()))
    label_id = draft.label_id or str(uuid.uuid5(_IDS, "\n".join(parts)))
    return Label(
        label_id=label_id,
        project_id=item.project_id,
        item_id=item.item_id,
        text_digest=item.text_digest,
        annotator=draft.annotator,
        round=draft.round,
        value=draft.value,
        client_time=draft.client_time,
        server_time=draft.server_time,
        guideline_version=draft.guideline_version,
        shown_run=draft.shown_run,
        shown_at=draft.shown_at,
        active_s=draft.active_s,
        source=name,
    )
