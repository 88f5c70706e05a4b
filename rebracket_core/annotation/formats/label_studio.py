"""Label Studio's JSON of annotated tasks: choices an axis, numbers for exact shares; all else stands in the task's `meta`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rebracket_core.annotation.entities.label_schema import WHOLE, AnswerKind, AxisLabel, LabelValue
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.fields import (
    brief_name,
    list_of,
    mapping_of,
    place,
    rest_of,
    seconds_of,
    text_of,
    unreadable,
    whole_in,
    words_in,
)
from rebracket_core.annotation.formats.json_rows import json_entries
from rebracket_core.annotation.formats.records import Draft, Reading, Row, Written
from rebracket_core.annotation.formats.vocabulary import CANNOT_TELL, LOOK_AT_THIS, NONE_OF_THEM, TYPES, Ticks, value_of
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES

_REST = ("round", "guideline_version", "shown_run", "shown_at", "server_time")
_OURS = "rebracket"
_CHOICES = (*AXIS_NAMES, TYPES, "flag")
_NUMBERS = (*(f"{axis}_{mode}" for axis in AXIS_NAMES for mode in MODES[axis]), "confidence")


def labelling_config() -> str:
    """The labelling configuration (XML) of a Label Studio project that holds these labels."""
    lines = ["<View>", '  <Text name="text" value="$text"/>']
    for axis in AXIS_NAMES:
        choices = "".join(f'<Choice value="{mode}"/>' for mode in (*MODES[axis], CANNOT_TELL))
        lines.append(f'  <Choices name="{axis}" toName="text" choice="single">{choices}</Choices>')
        lines += [f'  <Number name="{axis}_{mode}" toName="text" min="0" max="{WHOLE}"/>' for mode in MODES[axis]]
    choices = "".join(f'<Choice value="{name}"/>' for name in (*TYPE_NAMES, NONE_OF_THEM))
    lines.append(f'  <Choices name="{TYPES}" toName="text" choice="multiple">{choices}</Choices>')
    lines.append(f'  <Number name="confidence" toName="text" min="0" max="{WHOLE}"/>')
    lines.append('  <TextArea name="note" toName="text"/>')
    lines.append(f'  <Choices name="flag" toName="text"><Choice value="{LOOK_AT_THIS}"/></Choices>')
    return "\n".join([*lines, "</View>", ""])


class LabelStudio(LabelFormat):
    """Label Studio's JSON of annotated tasks."""

    name = "label-studio"
    label = "Label Studio"
    help = "Tasks with annotations as JSON; only the revision count is lost."
    suffix = ".json"

    def recognises(self, file: LabelFile) -> bool:
        """Whether the file is of this form."""
        return not {"annotations", "completions", "annotation_id"}.isdisjoint(file.first)

    def write(self, rows: Sequence[Row]) -> Written:
        """The labels as tasks with annotations; a mixture's shares are Number results."""
        people = {name: k for k, name in enumerate(sorted({row.label.annotator for row in rows}), 1)}
        tasks = []
        for number, (_, group) in enumerate(groupby(rows, key=lambda row: row.item.item_id), 1):
            mine = list(group)
            item = mine[0].item
            tasks.append(
                {
                    "id": number,
                    "data": {"text": item.text, "item_id": item.item_id, "title": item.title, "group_id": item.group_id},
                    "meta": {
                        _OURS: {
                            "text_digest": item.text_digest,
                            "album": item.album,
                            "labels": {r.label.label_id: {name: getattr(r.label, name) for name in _REST} for r in mine},
                        }
                    },
                    "annotations": [
                        _annotation(r, k, task=number, person=people[r.label.annotator]) for k, r in enumerate(mine, 1)
                    ],
                    "predictions": [],
                }
            )
        return Written((json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace"), len(rows))

    def read(self, data: bytes, *, name: str) -> Reading:
        """The labels of exported tasks (JSON, JSON-MIN, or the completions of early versions); cancelled ones give none."""
        found = Reading()
        for number, task in json_entries(data, found=found):
            where = place("task", task, number)
            try:
                ours = mapping_of(mapping_of(task, "meta"), _OURS)
                texts = _texts(task, ours)
                annotations = _annotations(task)
            except InputError as error:
                found.skip(where, str(error))
                continue
            if not annotations:
                found.skip(where, "nobody annotated it")
            for k, annotation in enumerate(annotations, 1):
                _take(found, annotation, where=where, number=k, ours=ours, texts=texts)
        return found

    def companions(self) -> dict[str, bytes]:
        """The labelling configuration of a project that holds these labels."""
        return {".config.xml": labelling_config().encode("utf-8")}


def _annotation(row: Row, k: int, *, task: int, person: int) -> dict[str, Any]:
    label = row.label
    return {
        "id": task * 1000 + k,
        "task": task,
        "unique_id": label.label_id,
        "completed_by": {"id": person, "email": label.annotator, "first_name": "", "last_name": ""},
        "result": _results(row),
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": label.client_time,
        "updated_at": label.server_time,
        "lead_time": label.active_s,
    }


def _results(row: Row) -> list[dict[str, Any]]:
    value = row.label.value
    out: list[dict[str, Any]] = []

    def add(name: str, kind: str, content: Any) -> None:
        held = {"text" if kind == "textarea" else kind: content}
        result = {"from_name": name, "to_name": "text", "type": kind, "origin": "manual", "value": held}
        out.append({"id": f"{row.label.label_id[:6]}{len(out)}", **result})

    for axis, answer in value.axes.items():
        if answer.kind is AnswerKind.SOFT:
            for mode, share in zip(MODES[axis], answer.per_mille, strict=True):
                add(f"{axis}_{mode}", "number", share)
        else:
            hard = [mode for mode, share in zip(MODES[axis], answer.per_mille, strict=True) if share]
            add(axis, "choices", hard or [CANNOT_TELL])
    if value.types is not None:
        add(TYPES, "choices", [name for name in TYPE_NAMES if name in value.types] or [NONE_OF_THEM])
    if value.confidence is not None:
        add("confidence", "number", value.confidence)
    if value.note:
        add("note", "textarea", [value.note])
    if value.flag:
        add("flag", "choices", [LOOK_AT_THIS])
    return out


def _texts(task: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """What names the item of a task, by the names of a `Draft`."""
    fields = mapping_of(task, "data") if "data" in task else task
    return {
        "text": text_of(fields, "text", "concept"),
        "item_id": text_of(fields, "item_id"),
        "text_digest": text_of(ours, "text_digest"),
    }


def _annotations(task: Mapping[str, Any]) -> list[Any]:
    """The annotations of a task; a task of JSON-MIN is one annotation itself, its answers beside its text."""
    if "annotation_id" not in task or "annotations" in task:
        return list_of(task, "annotations", "completions")
    results = []
    for name, value in task.items():
        if name in _CHOICES or (isinstance(value, Mapping) and "choices" in value):
            content = value if isinstance(value, Mapping) else {"choices": value if isinstance(value, list) else [value]}
        elif name in _NUMBERS:
            content = {"number": value}
        elif name == "note":
            content = {"text": value}
        else:
            continue
        results.append({"from_name": name, "type": "", "value": content})
    plain = {name: task.get(name) for name in ("created_at", "updated_at", "lead_time")}
    return [{**plain, "id": task["annotation_id"], "completed_by": task.get("annotator"), "result": results}]


def _take(found: Reading, annotation: Any, *, where: str, number: int, ours: Mapping[str, Any], texts: dict[str, Any]) -> None:
    """Take the label of one annotation, or skip it."""
    if not isinstance(annotation, Mapping):
        found.skip(f"{where}, annotation {number}", str(unreadable("annotations", "an object", annotation)))
        return
    where = f"{where}, {place('annotation', annotation, number)}"
    if annotation.get("was_cancelled"):
        found.skip(where, "it was skipped there")
        return
    try:
        draft = _draft(found, annotation, where=where, ours=ours, texts=texts)
    except InputError as error:
        found.skip(where, str(error))
        return
    if draft is None:
        found.skip(where, "it answers no axis and no type")
    else:
        found.drafts.append(draft)


def _draft(
    found: Reading, annotation: Mapping[str, Any], *, where: str, ours: Mapping[str, Any], texts: dict[str, Any]
) -> Draft | None:
    """The label of an annotation, None where it answers no axis and no type. Raises InputError naming a field."""
    value = _value(annotation, found)
    if value is None:
        return None
    label_id = text_of(annotation, "unique_id")
    rest = rest_of(mapping_of(mapping_of(ours, "labels"), label_id))
    created, updated = text_of(annotation, "created_at"), text_of(annotation, "updated_at")
    return Draft(
        _person(annotation.get("completed_by")),
        value,
        where,
        **texts,
        label_id=label_id,
        client_time=created if updated == rest["server_time"] else updated or created,
        active_s=seconds_of(annotation, "lead_time"),
        **{name: rest[name] for name in _REST},
    )


def _value(annotation: Mapping[str, Any], found: Reading) -> LabelValue | None:
    """The label of an annotation's results; None where they answer no axis and no type."""
    ticks, note = Ticks(), ""
    numbers: dict[str, Any] = {}
    for result in list_of(annotation, "result"):
        if not isinstance(result, Mapping):
            raise unreadable("result", "a list of objects", result)
        value, name = mapping_of(result, "value"), text_of(result, "from_name")
        if "choices" in value:
            for word in words_in(value["choices"], field=f"{name} choices"):
                ticks.add(word, question=name if name in _CHOICES else "")
        elif "number" in value:
            numbers[name] = value["number"]
        elif "text" in value and name == "note":
            note = "\n".join(words_in(value["text"], field="note"))
        else:
            found.taken_as[f"a result of the kind {brief_name(result.get('type'))} skipped"] += 1
    if ticks.unknown:
        found.taken_as[f"unknown choices skipped ({', '.join(sorted(set(ticks.unknown))[:5])})"] += 1
    sure = numbers.get("confidence")
    confidence = None if sure is None else whole_in(sure, field="confidence", most=WHOLE)
    return value_of(ticks, taken_as=found.taken_as, shares=_shares(numbers), note=note, confidence=confidence)


def _shares(numbers: Mapping[str, Any]) -> dict[str, AxisLabel]:
    """The axes that have numbers, which are exact shares. Raises InputError for numbers that are none."""
    shares = {}
    for axis in AXIS_NAMES:
        names = [f"{axis}_{mode}" for mode in MODES[axis]]
        if all(numbers.get(name) is None for name in names):
            continue
        given = [0 if numbers.get(name) is None else whole_in(numbers[name], field=name, most=WHOLE) for name in names]
        if sum(given) != WHOLE:
            raise unreadable(f"{axis} numbers", f"three that sum to {WHOLE}", given)
        shares[axis] = AxisLabel.of(given)
    return shares


def _person(author: Any) -> str:
    if isinstance(author, Mapping):
        return text_of(author, "email", "username") or _by_number(text_of(author, "id"))
    return _by_number(text_of({"completed_by": author}, "completed_by"))


def _by_number(number: str) -> str:
    return number if "@" in number else f"label studio user {number}".rstrip()
