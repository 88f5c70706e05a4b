"""The fields of one entry of a file from outside, each of the kind that it must have; another is an InputError naming it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rebracket_core.annotation.database.values import iso_of, storable
from rebracket_core.annotation.entities.label_schema import WHOLE, AxisLabel, LabelValue
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, TYPE_NAMES
from rebracket_core.texts import brief

MOST = 2**31 - 1
"""The greatest whole number that every database holds."""


def unreadable(field: str, expected: str, found: object) -> InputError:
    """The error of a field that does not hold what it must."""
    return InputError("This field cannot be read.", expected=expected, found=brief(found, chars=100), where=brief_name(field))


def brief_name(name: object) -> str:
    """A name as a message shows it: without what no database holds, and no longer than a line."""
    return str(storable(str(name)))[:80]


def place(kind: str, raw: Mapping[str, Any], number: int, *, names: tuple[str, ...] = ("id",)) -> str:
    """How an entry is named: by its own id where that is a short text or number, else by its number in the file."""
    for name in names:
        own = raw.get(name)
        if isinstance(own, (str, int)) and not isinstance(own, bool) and own != "":
            return f"{kind} {brief_name(own)}"
    return f"{kind} {number}"


def text_of(raw: Mapping[str, Any], *names: str) -> str:
    """The text of the first of these fields that is there, "" where none is; numbers are taken as they are written."""
    for name in names:
        value = raw.get(name)
        if value is None:
            continue
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return str(storable(str(value)))
        raise unreadable(name, "a text", value)
    return ""


def mapping_of(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of a field, {} where there is none."""
    value = raw.get(name)
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise unreadable(name, "an object", value)


def list_of(raw: Mapping[str, Any], *names: str) -> list[Any]:
    """The list of the first of these fields that is there, [] where none is."""
    for name in names:
        value = raw.get(name)
        if value is None:
            continue
        if isinstance(value, list):
            return value
        raise unreadable(name, "a list", value)
    return []


def words_in(value: object, *, field: str) -> list[str]:
    """The words of an answer: one word or number, or a list of them."""
    words = value if isinstance(value, list) else [value]
    if all(isinstance(word, (str, int)) and not isinstance(word, bool) for word in words):
        return [str(storable(str(word))) for word in words]
    raise unreadable(field, "a word, or a list of words", value)


def whole_in(value: object, *, field: str, most: int = MOST) -> int:
    """A whole number from 0 on, also one that a spreadsheet or data frame wrote as 1000,0 or 1000.0."""
    number = _number(value)
    if number is None or not number.is_integer() or not 0 <= number <= most:
        raise unreadable(field, f"a whole number from 0 to {most}", value)
    return int(number)


def whole_of(raw: Mapping[str, Any], name: str, *, default: int) -> int:
    """The whole number of a field, the default where it is not given."""
    value = raw.get(name)
    return default if value is None or value == "" else whole_in(value, field=name)


def seconds_of(raw: Mapping[str, Any], name: str) -> float:
    """The seconds of a field, 0 where they are not given; a decimal comma counts as a point."""
    value = raw.get(name)
    if value is None or value == "":
        return 0.0
    number = _number(value)
    if number is None or number < 0:
        raise unreadable(name, "a number of seconds from 0 on", value)
    return number


def moment_of(raw: Mapping[str, Any], name: str) -> str:
    """The moment of a field as it is written, "" where it is not given. Raises InputError for what is no moment."""
    text = text_of(raw, name)
    try:
        return text if not text else (iso_of(text) and text)
    except InputError as error:
        raise unreadable(name, error.expected, text) from error


def label_value(raw: Mapping[str, Any]) -> LabelValue:
    """The label that `LabelValue.to_dict` wrote. Raises InputError naming the field that cannot be read."""
    axes = {}
    for axis in AXIS_NAMES:
        given = raw.get(axis)
        if not isinstance(given, Mapping) or not isinstance(given.get("kind"), str):
            raise unreadable(axis, "an answer with per_mille and kind", given)
        try:
            axes[axis] = AxisLabel.from_dict(given)
        except InputError as error:
            raise unreadable(axis, error.expected, given) from error
    types, flag, note = raw.get("types"), raw.get("flag"), raw.get("note")
    if types is not None and not isinstance(types, list):
        raise unreadable("types", "a list of names, or nothing", types)
    if flag is not None and not isinstance(flag, bool):
        raise unreadable("flag", "true or false", flag)
    if note is not None and not isinstance(note, str):
        raise unreadable("note", "a text", note)
    sure = raw.get("confidence")
    marked = None if types is None else frozenset(words_in(types, field="types"))
    if marked is not None and not marked <= set(TYPE_NAMES):
        raise unreadable("types", f"some of {', '.join(TYPE_NAMES)}", ", ".join(sorted(marked - set(TYPE_NAMES))))
    return LabelValue(
        **axes,
        types=marked,
        confidence=None if sure is None else whole_in(sure, field="confidence", most=WHOLE),
        note=str(storable(note or "")),
        flag=bool(flag),
    )


def rest_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What our own forms keep of a label beside its person and value, by the names of a `Draft`."""
    names = ("label_id", "item_id", "text_digest", "client_time", "shown_run", "shown_at")
    return {
        **{name: text_of(raw, name) for name in names},
        "server_time": moment_of(raw, "server_time"),
        "round": whole_of(raw, "round", default=1),
        "guideline_version": whole_of(raw, "guideline_version", default=0),
        "active_s": seconds_of(raw, "active_s"),
    }


def _number(value: object) -> float | None:
    """A finite number, or a text of one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
