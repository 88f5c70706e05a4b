"""Argilla's records, as its SDK 2 writes them with `to_json`: a record a text, an answer a question and user.

A question named after the axis holds a mode; a mixture stands in the text question `<axis>_shares`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rebracket_core.annotation.entities.label_schema import WHOLE, AnswerKind
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.json_rows import json_lines
from rebracket_core.annotation.formats.records import Draft, Losses, Reading, Row, Written
from rebracket_core.annotation.formats.vocabulary import (
    CANNOT_TELL,
    LOOK_AT_THIS,
    NONE_OF_THEM,
    TYPES,
    Ticks,
    shares_from,
    shares_text,
    value_of,
)
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES

_PEOPLE = uuid.UUID("6f0d6cf0-0b3f-5a3e-9b7b-6d1f0c5f2a10")
_QUESTIONS = (*AXIS_NAMES, TYPES, "flag")


class Argilla(LabelFormat):
    """Argilla's records."""

    name = "argilla"
    label = "Argilla"
    help = "Records as SDK 2 writes them; only the last round, without times."
    suffix = ".json"
    keeps_rounds = False

    def recognises(self, file: LabelFile) -> bool:
        """Whether the file is of this form."""
        return "responses" in file.first

    def write(self, rows: Sequence[Row]) -> Written:
        """The labels as records; a user answers a question once, so of several rounds the last one is written."""
        losses, records, n = Losses(), [], 0
        for item_id, group in groupby(rows, key=lambda row: row.item.item_id):
            mine = list(group)
            last = {row.label.annotator: row for row in sorted(mine, key=lambda row: row.label.round)}
            losses.add("an earlier round's label is left out: a user answers a record once", len(mine) - len(last))
            item, responses = mine[0].item, {}  # type: ignore[var-annotated]
            for name, row in last.items():
                for question, value in _answers(row).items():
                    responses.setdefault(question, []).append({"value": value, "user_id": _user(name)})
            n += len(last)
            records.append(
                {
                    "id": item_id,
                    "fields": {"text": item.text},
                    "metadata": {
                        "text_digest": item.text_digest,
                        "group_id": item.group_id,
                        "title": item.title,
                        "annotators": [f"{_user(name)} {name}" for name in last],
                    },
                    "suggestions": {},
                    "responses": responses,
                    "vectors": {},
                    "_server_id": None,
                }
            )
        losses.add("times, ids, rounds, guideline versions and what was shown are not held", n)
        return Written(
            (json.dumps(records, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace"), n, losses.sentences()
        )

    def read(self, data: bytes, *, name: str) -> Reading:
        """The labels of records; a user id becomes a name where the metadata gives it."""
        found = Reading()
        for number, record in json_lines(data):
            metadata = record.get("metadata") or {}
            names = dict(str(pair).split(" ", 1) for pair in metadata.get("annotators") or () if " " in str(pair))
            by_user: dict[str, dict[str, Any]] = {}
            for question, given in (record.get("responses") or {}).items():
                for answer in given or ():
                    by_user.setdefault(str(answer.get("user_id")), {})[question] = answer.get("value")
            texts = {
                "item_id": str(record.get("id") or ""),
                "text": str((record.get("fields") or {}).get("text") or ""),
                "text_digest": str(metadata.get("text_digest") or ""),
            }
            for user, answers in by_user.items():
                where = f"record {record.get('id', number)}, user {user}"
                _read_one(found, answers, who=names.get(user, user), where=where, texts=texts)
            if not by_user:
                found.skip(f"record {record.get('id', number)}", "nobody answered it")
        return found


def _user(name: str) -> str:
    return str(uuid.uuid5(_PEOPLE, name))


def _answers(row: Row) -> dict[str, Any]:
    value = row.label.value
    out: dict[str, Any] = {}
    for axis, answer in value.axes.items():
        if answer.kind is AnswerKind.SOFT:
            out[f"{axis}_shares"] = shares_text(axis, answer)
        else:
            hard = [mode for mode, share in zip(MODES[axis], answer.per_mille, strict=True) if share]
            out[axis] = hard[0] if hard else CANNOT_TELL
    if value.types is not None:
        out[TYPES] = [name for name in TYPE_NAMES if name in value.types] or [NONE_OF_THEM]
    if value.confidence is not None:
        out["confidence"] = str(value.confidence)
    if value.note:
        out["note"] = value.note
    if value.flag:
        out["flag"] = LOOK_AT_THIS
    return out


def _read_one(found: Reading, answers: Mapping[str, Any], *, who: str, where: str, texts: dict[str, Any]) -> None:
    ticks, shares = Ticks(), {}
    for question, answer in answers.items():
        axis = question.removesuffix("_shares")
        mixture = shares_from(axis, str(answer)) if axis in AXIS_NAMES and axis != question else None
        words: list[Any] = answer if isinstance(answer, list) else [answer]
        if mixture is not None:
            shares[axis] = mixture
        elif question not in ("confidence", "note"):
            for word in words:
                ticks.add(str(word), question=question if question in _QUESTIONS else "")
    if ticks.unknown:
        found.taken_as[f"unknown answers skipped ({', '.join(sorted(set(ticks.unknown))[:5])})"] += 1
    sure = str(answers.get("confidence") or "")
    confidence = int(sure) if sure.isdecimal() and int(sure) <= WHOLE else None
    value = value_of(ticks, taken_as=found.taken_as, shares=shares, confidence=confidence, note=str(answers.get("note") or ""))
    if value is None:
        found.skip(where, "it answers no axis and no type")
    else:
        found.drafts.append(Draft(who, value, where, **texts))
