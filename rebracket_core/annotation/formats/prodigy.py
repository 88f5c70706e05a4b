"""Prodigy's JSON lines of the choice interface, as `db-out` writes them; a key of our own in them holds the label whole."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.fields import label_value, mapping_of, rest_of, text_of, unreadable, words_in
from rebracket_core.annotation.formats.json_rows import json_entries
from rebracket_core.annotation.formats.records import Draft, Reading, Row, Written
from rebracket_core.annotation.formats.vocabulary import CANNOT_TELL, Ticks, value_of, words_of
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.texts import brief

_OURS = "rebracket"
_REST = ("label_id", "round", "client_time", "server_time", "guideline_version", "shown_run", "shown_at", "active_s")
_OPTIONS = [
    {"id": word, "text": word.replace(":", ": ")}
    for word in [f"{axis}:{mode}" for axis in AXIS_NAMES for mode in (*MODES[axis], CANNOT_TELL)]
    + [f"type:{name}" for name in TYPE_NAMES]
]


class Prodigy(LabelFormat):
    """Prodigy's JSON lines."""

    name = "prodigy"
    label = "Prodigy"
    help = "Tasks of the choice interface, as `db-out` writes them."
    suffix = ".jsonl"

    def recognises(self, file: LabelFile) -> bool:
        """Whether the file is of this form."""
        return "answer" in file.first

    def write(self, rows: Sequence[Row]) -> Written:
        """The labels as answered tasks; `accept` lists every mode with a share, the exact shares stand under "rebracket"."""
        lines = []
        for row in rows:
            label, item = row.label, row.item
            entry: dict[str, Any] = {
                "text": item.text,
                "meta": {"id": item.item_id, "title": item.title},
                "options": _OPTIONS,
                "_input_hash": zlib.crc32(item.text.encode("utf-8", "replace")) - 2**31,
                "_task_hash": zlib.crc32(f"{item.item_id}\n{label.label_id}".encode()) - 2**31,
                "_view_id": "choice",
                "config": {"choice_style": "multiple"},
                "accept": words_of(label.value),
                "answer": "accept",
                "_timestamp": _seconds(label.client_time),
                "_annotator_id": label.annotator,
                "_session_id": label.annotator,
                _OURS: {
                    "item_id": item.item_id,
                    "text_digest": item.text_digest,
                    "value": label.value.to_dict(),
                    **{name: getattr(label, name) for name in _REST},
                },
            }
            lines.append(json.dumps(entry, ensure_ascii=False))
        return Written("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), len(rows))

    def read(self, data: bytes, *, name: str) -> Reading:
        """The labels of accepted tasks; rejected and ignored ones give none."""
        found = Reading()
        for number, task in json_entries(data, found=found):
            where = f"line {number}"
            if task.get("answer") != "accept":
                found.skip(where, f"it was answered with {brief(task.get('answer'), chars=40)}")
                continue
            try:
                draft = _draft(found, task, where=where)
            except InputError as error:
                found.skip(where, str(error))
                continue
            if draft is None:
                found.skip(where, "it answers no axis and no type")
            else:
                found.drafts.append(draft)
        return found


def _draft(found: Reading, task: Mapping[str, Any], *, where: str) -> Draft | None:
    """The label of an accepted task, None where it answers no axis and no type. Raises InputError naming a field.

    A task that an export wrote holds the label whole; where other options were accepted since, these count.
    """
    who = text_of(task, "_annotator_id", "_session_id") or "prodigy"
    name = "accept" if task.get("accept") is not None else "label"
    words = words_in(task[name], field=name) if task.get(name) is not None else []
    text = text_of(task, "text")
    ours = mapping_of(task, _OURS)
    names: dict[str, Any] = {"item_id": text_of(ours, "item_id"), "text_digest": text_of(ours, "text_digest"), "text": text}
    if ours:
        value = label_value(mapping_of(ours, "value"))
        if "accept" not in task or set(words_of(value)) == set(words):
            return Draft(who, value, where, text=text, **rest_of(ours))
        found.taken_as["options accepted since the export, taken in the place of the label that was exported"] += 1
    ticks = Ticks()
    for word in words:
        ticks.add(word)
    if ticks.unknown:
        found.taken_as[f"unknown options skipped ({', '.join(sorted(set(ticks.unknown))[:5])})"] += 1
    plain = value_of(ticks, taken_as=found.taken_as)
    if plain is None:
        return None
    names["item_id"] = names["item_id"] or text_of(mapping_of(task, "meta"), "id")
    return Draft(who, plain, where, client_time=_moment(task), **names)


def _moment(task: Mapping[str, Any]) -> str:
    """The moment of `_timestamp`, seconds since 1970; "" where there is none."""
    at = task.get("_timestamp")
    if at is None:
        return ""
    try:
        if isinstance(at, (int, float)) and not isinstance(at, bool):
            return datetime.fromtimestamp(at, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        pass  # no such moment: told below, as for what is no number
    raise unreadable("_timestamp", "seconds since 1970", at)


def _seconds(moment: str) -> int:
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except (ValueError, OverflowError):
        return 0
