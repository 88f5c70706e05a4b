"""Label Studio's JSON of annotated tasks: choices an axis, numbers for exact shares; all else stands in the task's `meta`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rebracket_core.annotation.entities.label_schema import WHOLE, AnswerKind, AxisLabel, LabelValue
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.json_rows import json_lines
from rebracket_core.annotation.formats.records import Draft, Reading, Row, Written
from rebracket_core.annotation.formats.vocabulary import CANNOT_TELL, LOOK_AT_THIS, NONE_OF_THEM, TYPES, Ticks, value_of
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES

_REST = ("round", "guideline_version", "shown_run", "shown_at", "server_time")
_OURS = "rebracket"


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
        return "annotations" in file.first

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
        """The labels of exported tasks; cancelled annotations are skips and give none."""
        found = Reading()
        for number, task in json_lines(data):
            fields, meta = _mapping(task.get("data")), _mapping(task.get("meta"))
            ours = _mapping(meta.get(_OURS))
            texts = {
                "text": fields.get("text") or fields.get("concept"),
                "item_id": fields.get("item_id"),
                "text_digest": ours.get("text_digest"),
            }
            for k, annotation in enumerate(task.get("annotations") or (), 1):
                where = f"task {task.get('id', number)}, annotation {annotation.get('id', k)}"
                if annotation.get("was_cancelled"):
                    found.skip(where, "it was skipped there")
                    continue
                _read_one(found, annotation, where=where, ours=ours, texts={n: str(v or "") for n, v in texts.items()})
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


def _read_one(
    found: Reading, annotation: Mapping[str, Any], *, where: str, ours: Mapping[str, Any], texts: dict[str, Any]
) -> None:
    value = _value(annotation, found)
    if value is None:
        found.skip(where, "it answers no axis and no type")
        return
    label_id = str(annotation.get("unique_id") or "")
    rest = (ours.get("labels") or {}).get(label_id, {})
    found.drafts.append(
        Draft(
            _person(annotation.get("completed_by")),
            value,
            where,
            **texts,
            label_id=label_id,
            client_time=str(annotation.get("created_at") or ""),
            active_s=float(annotation.get("lead_time") or 0.0),
            **{name: rest[name] for name in _REST if name in rest},
        )
    )


def _value(annotation: Mapping[str, Any], found: Reading) -> LabelValue | None:
    """The label of an annotation's results; None where they answer no axis and no type."""
    ticks, numbers, note = Ticks(), {}, ""
    for result in annotation.get("result") or ():
        value, name = result.get("value") or {}, str(result.get("from_name") or "")
        if "choices" in value:
            for word in value["choices"]:
                ticks.add(str(word), question=name if name in (*AXIS_NAMES, TYPES, "flag") else "")
        elif "number" in value:
            numbers[name] = value["number"]
        elif "text" in value and name == "note":
            note = "\n".join(value["text"]) if isinstance(value["text"], list) else str(value["text"])
        else:
            found.taken_as[f"a result of the kind {result.get('type')} skipped"] += 1
    if ticks.unknown:
        found.taken_as[f"unknown choices skipped ({', '.join(sorted(set(ticks.unknown))[:5])})"] += 1
    sure = numbers.get("confidence")
    confidence = sure if type(sure) is int and 0 <= sure <= WHOLE else None
    return value_of(ticks, taken_as=found.taken_as, shares=_shares(numbers), note=note, confidence=confidence)


def _shares(numbers: Mapping[str, Any]) -> dict[str, AxisLabel]:
    """The axes whose three numbers are exact shares."""
    shares = {}
    for axis in AXIS_NAMES:
        given = [numbers.get(f"{axis}_{mode}") for mode in MODES[axis]]
        if all(isinstance(n, int) for n in given) and sum(given) == WHOLE:  # type: ignore[arg-type]
            shares[axis] = AxisLabel.of(given)  # type: ignore[arg-type]
    return shares


def _mapping(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _person(author: Any) -> str:
    if isinstance(author, dict):
        return str(author.get("email") or author.get("username") or f"label studio user {author.get('id')}")
    return f"label studio user {author}"
