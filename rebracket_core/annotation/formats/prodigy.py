"""Prodigy's JSON lines of the choice interface, as `db-out` writes them; a key of our own in them holds the label whole."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rebracket_core.annotation.entities.label_schema import LabelValue
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.json_rows import json_lines
from rebracket_core.annotation.formats.records import Draft, Reading, Row, Written
from rebracket_core.annotation.formats.vocabulary import CANNOT_TELL, Ticks, value_of, words_of
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES

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
        for number, task in json_lines(data):
            where = f"line {number}"
            if task.get("answer") != "accept":
                found.skip(where, f"it was answered with {task.get('answer')!r}")
                continue
            who = str(task.get("_annotator_id") or task.get("_session_id") or "prodigy")
            ours = task.get(_OURS)
            if isinstance(ours, dict):
                try:
                    value = LabelValue.from_dict(ours.get("value") or {})
                except InputError as error:
                    found.skip(where, str(error))
                    continue
                rest = {name: ours[name] for name in (*_REST, "item_id", "text_digest") if name in ours}
                found.drafts.append(Draft(who, value, where, text=str(task.get("text") or ""), **rest))
                continue
            ticks = Ticks()
            for word in task.get("accept") or ([task["label"]] if task.get("label") else ()):
                ticks.add(str(word))
            if ticks.unknown:
                found.taken_as[f"unknown options skipped ({', '.join(sorted(set(ticks.unknown))[:5])})"] += 1
            plain = value_of(ticks, taken_as=found.taken_as)
            if plain is None:
                found.skip(where, "it answers no axis and no type")
                continue
            at = task.get("_timestamp")
            client_time = datetime.fromtimestamp(at, UTC).isoformat() if isinstance(at, (int, float)) else ""
            item_id = str((task.get("meta") or {}).get("id") or "")
            text = str(task.get("text") or "")
            found.drafts.append(Draft(who, plain, where, item_id=item_id, text=text, client_time=client_time))
        return found


def _seconds(moment: str) -> int:
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except ValueError:
        return 0
