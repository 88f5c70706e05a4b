"""Labels out of the database into a file and back in: every count is checked, and what is lost or guessed is said."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rebracket_core.annotation.entities.enums import AckStatus
from rebracket_core.annotation.entities.label_schema import text_digest
from rebracket_core.annotation.entities.records import Item, Label
from rebracket_core.annotation.formats import argilla, doccano, label_studio, prodigy
from rebracket_core.annotation.formats import native as own
from rebracket_core.annotation.formats.records import Draft, Reading, Row, Skipped, Written
from rebracket_core.annotation.service import AnnotationService
from rebracket_core.errors import DataError, StoreError

_IDS = uuid.UUID("1c0ab21e-6a1d-5c55-8a67-3f6d2f0c9b44")
_CHUNK = 500


class Form(StrEnum):
    """The forms that labels can take; the first three are our own and hold everything."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    LABEL_STUDIO = "label-studio"
    ARGILLA = "argilla"
    PRODIGY = "prodigy"
    DOCCANO = "doccano"


SUFFIXES: dict[Form, str] = {
    Form.JSONL: ".jsonl",
    Form.CSV: ".csv",
    Form.PARQUET: ".parquet",
    Form.LABEL_STUDIO: ".json",
    Form.ARGILLA: ".json",
    Form.PRODIGY: ".jsonl",
    Form.DOCCANO: ".zip",
}
_WRITERS: dict[Form, Callable[[Sequence[Row]], Written]] = {
    Form.JSONL: own.write_jsonl,
    Form.CSV: own.write_csv,
    Form.PARQUET: own.write_parquet,
    Form.LABEL_STUDIO: label_studio.write,
    Form.ARGILLA: argilla.write,
    Form.PRODIGY: prodigy.write,
    Form.DOCCANO: doccano.write,
}
_READERS: dict[Form, Callable[[bytes], Reading]] = {
    Form.JSONL: own.read_jsonl,
    Form.CSV: own.read_csv,
    Form.PARQUET: own.read_parquet,
    Form.LABEL_STUDIO: label_studio.read,
    Form.ARGILLA: argilla.read,
    Form.PRODIGY: prodigy.read,
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of labels: how many the database has, how many the file holds, and what the form could not hold."""

    form: Form
    data: bytes
    n_in_database: int
    n_written: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file of labels: counts, places without a label, and what had to be interpreted."""

    form: Form
    n_saved: int
    n_revised: int
    n_already: int
    skipped: tuple[Skipped, ...]
    taken_as: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "form": str(self.form),
            "saved": self.n_saved,
            "revised": self.n_revised,
            "already": self.n_already,
            "skipped": [one.to_dict() for one in self.skipped],
            "taken_as": dict(self.taken_as),
        }


def export_labels(service: AnnotationService, project_id: str, *, form: Form) -> Exported:
    """All labels of a project in a form. Raises StoreError unless database, file and what is said to be left out agree.

    The file is read back: the labels in it are counted, not those that were meant to be in it.
    """
    items = {item.item_id: item for item in service.items(project_id)}
    labels = service.labels(project_id)
    there = service.progress(project_id).n_labels
    if there != len(labels):  # somebody labelled in between: look once more
        labels = service.labels(project_id)
        there = service.progress(project_id).n_labels
    written = _WRITERS[form]([Row(label, items[label.item_id]) for label in labels])
    found = _read(form, written.data, name=f"labels{SUFFIXES[form]}")
    earlier = there - len({(label.item_id, label.annotator) for label in labels}) if form is Form.ARGILLA else 0
    if there != len(labels) or len(found.drafts) != written.n_labels or written.n_labels + earlier != there:
        raise StoreError(
            "The export does not hold what the database holds.",
            expected=f"{there:,} labels",
            found=f"{len(found.drafts):,} in the file, {earlier:,} left out",
            hint="export again when nobody is labelling",
        )
    return Exported(form, written.data, there, written.n_labels, written.lost)


def import_labels(
    service: AnnotationService, project_id: str, data: bytes, *, name: str, by: str, form: Form | None = None
) -> Imported:
    """Put a file's labels into a project, as events with the file as their source; `form` is found from the content.

    A label is matched to its item by id and the digest of the text, or by the text alone. One that the database has
    already, by its id, is left as it is.
    """
    chosen = form or detect(data, name=name)
    reading = _read(chosen, data, name=name)
    known = {label.label_id: (label.item_id, label.annotator) for label in service.labels(project_id)}
    labels, n_already, place = [], 0, _Places(service.items(project_id))
    for draft in reading.drafts:
        item, why = place.of(draft)
        if item is None:
            reading.skip(draft.where, why)
            continue
        label = _label(draft, item, name=name)
        if known.get(label.label_id, ("",))[0] == item.item_id:
            n_already += 1
        else:
            labels.append((draft.where, label))
    statuses = {status: 0 for status in AckStatus}
    for start in range(0, len(labels), _CHUNK):
        part = labels[start : start + _CHUNK]
        acks = service.import_labels(project_id, [label for _, label in part], by=by, source=name)
        for (where, _), ack in zip(part, acks, strict=True):
            statuses[ack.status] += 1
            if ack.status is AckStatus.REFUSED:
                reading.skip(where, ack.reason)
    return Imported(
        chosen,
        statuses[AckStatus.SAVED],
        statuses[AckStatus.REVISED],
        statuses[AckStatus.ALREADY] + n_already,
        tuple(reading.skipped),
        dict(reading.taken_as),
    )


def detect(data: bytes, *, name: str) -> Form:
    """The form of a file, by its content. Raises DataError where it is none of ours."""
    if data[:4] == b"PAR1":
        return Form.PARQUET
    if data[:4] == b"PK\x03\x04":
        return Form.DOCCANO
    if name.casefold().endswith(".csv"):
        return Form.CSV
    rows = list(own.json_lines(data))
    first = rows[0][1] if rows else {}
    for key, form in (
        ("label_id", Form.JSONL),
        ("annotations", Form.LABEL_STUDIO),
        ("responses", Form.ARGILLA),
        ("answer", Form.PRODIGY),
        ("label", Form.DOCCANO),
        ("labels", Form.DOCCANO),
    ):
        if key in first:
            return form
    raise DataError(
        "The form of this file is not known.",
        expected=", ".join(Form),
        where=name,
        found=f"entries with {', '.join(map(str, list(first)[:8]))}" if first else "nothing in it",
        hint="name the form",
    )


class _Places:
    """Finds the item that a draft is of."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._by_id = {item.item_id: item for item in items}
        self._by_digest: dict[str, list[Item]] = {}
        for item in items:
            if not item.repeat_of:
                self._by_digest.setdefault(item.text_digest, []).append(item)

    def of(self, draft: Draft) -> tuple[Item | None, str]:
        """The item, or None and why there is none."""
        digest = draft.text_digest or (text_digest(draft.text) if draft.text else "")
        item = self._by_id.get(draft.item_id)
        if item is not None and digest in ("", item.text_digest):
            return item, ""
        same = self._by_digest.get(digest, [])
        if len(same) == 1:
            return same[0], ""
        if item is not None:
            return None, f"its text is not the one that item {draft.item_id} has here"
        return None, "several items have this text: an id is needed" if same else "the project has no item of this text or id"


def _read(form: Form, data: bytes, *, name: str) -> Reading:
    return doccano.read(data, name=name) if form is Form.DOCCANO else _READERS[form](data)


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
