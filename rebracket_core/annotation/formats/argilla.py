"""Argilla's records, as its SDK 2 writes them with `to_json`: a record a text, an answer a question and user.

A question named after the axis holds a mode; a mixture stands in the text question `<axis>_shares`. Flattened records are
read too (`to_list(flatten=True)`, whose lists `<question>.responses`, `.users` and `.status` belong together by place), and
those of versions 1: of feedback datasets, an answer a user, and of text classification, an annotation a record.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from rebracket_core.annotation.entities.label_schema import WHOLE, AnswerKind
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.fields import (
    brief_name,
    list_of,
    mapping_of,
    place,
    text_of,
    unreadable,
    whole_in,
    words_in,
)
from rebracket_core.annotation.formats.json_rows import json_entries
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
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES

_PEOPLE = uuid.UUID("6f0d6cf0-0b3f-5a3e-9b7b-6d1f0c5f2a10")
_NOBODY = "argilla"
_LABEL = ("", "submitted")
_QUESTIONS = (*AXIS_NAMES, TYPES, "flag")
_RESPONSES = ".responses"
_FLAT = (_RESPONSES, ".suggestion")


class Argilla(LabelFormat):
    """Argilla's records."""

    name = "argilla"
    label = "Argilla"
    help = "Records as SDK 2 writes them; only the last round, without times."
    suffix = ".json"
    keeps_rounds = False

    def recognises(self, file: LabelFile) -> bool:
        """Whether the file is of this form."""
        first = file.first
        return "responses" in first or {"annotation", "annotation_agent"} <= set(first) or _is_flat(first)

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
        """The labels of records; a user id becomes a name where the metadata gives it. Drafts and discarded ones give none."""
        found = Reading()
        for number, record in json_entries(data, found=found):
            where = place("record", record, number, names=("id", "external_id"))
            try:
                _read_record(found, record, where=where)
            except InputError as error:
                found.skip(where, str(error))
        return found


def _read_record(found: Reading, record: Mapping[str, Any], *, where: str) -> None:
    """Take the answers of each user of a record, and skip those that are no label. Raises InputError naming a field."""
    flat = _is_flat(record)
    metadata = record if flat else mapping_of(record, "metadata")
    pairs = [str(pair).split(" ", 1) for pair in list_of(metadata, "annotators") if " " in str(pair)]
    names = {pair[0]: pair[1] for pair in pairs}
    fields = record if flat else mapping_of(record, "fields") or mapping_of(record, "inputs")
    texts = {
        "item_id": text_of(record, "id", "external_id"),
        "text": text_of(fields, "text", "concept") or text_of(record, "text"),
        "text_digest": text_of(metadata, "text_digest"),
        "client_time": text_of(record, "event_timestamp"),
    }
    answers = _flat_responses(record) if flat else _responses(record) if "responses" in record else _classified(record)
    if not answers:
        found.skip(where, "nobody answered it")
    for (user, _), group in _by_user(answers).items():
        at = f"{where}, user {brief_name(user)}"
        good = [answer for answer in group if answer.status.casefold() in _LABEL]
        if not good:
            found.skip(at, f"the answer is no label there: {', '.join(sorted({brief_name(a.status) for a in group}))}")
            continue
        if len(good) < len(group):
            found.taken_as["answers to single questions that are no label there, left out"] += len(group) - len(good)
        given = {answer.question: answer.value for answer in good if answer.question}
        moment = max((answer.at for answer in good), default="") or texts["client_time"]
        try:
            _read_one(found, given, who=names.get(user, user), where=at, texts=texts | {"client_time": moment})
        except InputError as error:
            found.skip(at, str(error))


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer of a user to a question ("" for none), with its status and the moment that the record gives."""

    user: str
    question: str
    value: Any
    status: str = ""
    at: str = ""


def _by_user(answers: Iterable[_Answer]) -> dict[tuple[str, int], list[_Answer]]:
    """The answers by user and by how often the user had answered the question before."""
    times: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, int], list[_Answer]] = {}
    for answer in answers:
        found.setdefault((answer.user, times[answer.user, answer.question]), []).append(answer)
        times[answer.user, answer.question] += 1
    return found


def _responses(record: Mapping[str, Any]) -> list[_Answer]:
    """The answers of a record: by question a list of users' (version 2), or a list of users' by question (version 1)."""
    responses, found = record["responses"], []
    if isinstance(responses, Mapping):
        for question in responses:
            for raw in list_of(responses, question):
                found.append(_answer(raw, field=str(question), question=str(question)))
        return found
    for raw in list_of(record, "responses"):
        one = _answer(raw, field="responses")
        values = mapping_of(raw, "values") or {"": None}
        found += [
            replace(one, question=str(name), value=value.get("value") if isinstance(value, Mapping) else value)
            for name, value in values.items()
        ]
    return found


def _is_flat(record: Mapping[str, Any]) -> bool:
    """Whether questions stand among the fields of a record, as in a flattened export."""
    return "responses" not in record and any(str(name).endswith(_FLAT) for name in record)


def _flat_responses(record: Mapping[str, Any]) -> list[_Answer]:
    """The answers of a flattened record: by question three lists, of values, users and (later versions) statuses."""
    found = []
    for name in (str(name) for name in record if str(name).endswith(_RESPONSES)):
        values = list_of(record, name)
        users = _beside(record, f"{name}.users", n=len(values))
        given = record.get(f"{name}.status")
        statuses = [None] * len(values) if given is None else _beside(record, f"{name}.status", n=len(values))
        for value, user, status in zip(values, users, statuses, strict=True):
            found.append(
                _answer({"value": value, "user_id": user, "status": status}, field=name, question=name[: -len(_RESPONSES)])
            )
    return found


def _beside(record: Mapping[str, Any], name: str, *, n: int) -> list[Any]:
    """The list of a field that has one element an answer. Raises InputError for one that has not."""
    given = list_of(record, name)
    if len(given) != n:
        raise unreadable(name, f"a list of {n}, one an answer", given)
    return given


def _answer(raw: Any, *, field: str, question: str = "") -> _Answer:
    if not isinstance(raw, Mapping):
        raise unreadable(field, "answers with a user_id", raw)
    at = text_of(raw, "updated_at", "inserted_at")
    return _Answer(text_of(raw, "user_id") or _NOBODY, question, raw.get("value"), text_of(raw, "status"), at)


def _classified(record: Mapping[str, Any]) -> list[_Answer]:
    """The annotation of a record of text classification (version 1), which is a label where it was validated."""
    annotation = record.get("annotation")
    if annotation is None or annotation == []:
        return []
    status = text_of(record, "status")
    status = "submitted" if status.casefold() == "validated" else status
    return [_Answer(text_of(record, "annotation_agent") or _NOBODY, "annotation", annotation, status)]


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
        if answer is None:
            continue
        axis = question.removesuffix("_shares")
        if question in ("confidence", "note"):
            continue
        words = words_in(answer, field=question)
        mixture = shares_from(axis, words[0]) if axis in AXIS_NAMES and axis != question and len(words) == 1 else None
        if mixture is not None:
            shares[axis] = mixture
            continue
        for word in words:
            ticks.add(word, question=question if question in _QUESTIONS else "")
    if ticks.unknown:
        found.taken_as[f"unknown answers skipped ({', '.join(sorted(set(ticks.unknown))[:5])})"] += 1
    sure = answers.get("confidence")
    confidence = None if sure is None or sure == "" else whole_in(sure, field="confidence", most=WHOLE)
    value = value_of(ticks, taken_as=found.taken_as, shares=shares, confidence=confidence, note=text_of(answers, "note"))
    if value is None:
        found.skip(where, "it answers no axis and no type")
    else:
        found.drafts.append(Draft(who, value, where, **texts))
