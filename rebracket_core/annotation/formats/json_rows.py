"""The objects of JSON lines or of one JSON array, with their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rebracket_core.annotation.formats.records import Reading
from rebracket_core.corpus.readers import bounded_json, decode, text_lines
from rebracket_core.errors import DataError


def file_text(data: bytes) -> tuple[str, str]:
    """The text of a file with its line ends as they are, and a note where its encoding was guessed.

    UTF-8, UTF-16, or what else a spreadsheet saves. Raises DataError for what is no text.
    """
    try:
        text = data.decode("utf-8-sig")
        if "\0" not in text:
            return text, ""
    except UnicodeDecodeError:
        pass  # not UTF-8: the reader of texts finds out what it is
    found = decode(data)
    return data.decode(found.encoding, "replace").replace("\0", ""), found.note


def json_entries(data: bytes, *, found: Reading, prefix: str = "") -> Sequence[tuple[int, dict[str, Any]]]:
    """The objects of JSON lines, or of one JSON array or object, with their line or place, from 1.

    A line or element that is no object is skipped in `found`, `prefix` before its place. Raises DataError where there is
    nothing but such.
    """
    text, note = file_text(data)
    if note:
        found.taken_as[note] += 1
    whole = text.lstrip()[:1] == "["
    rows, problems = _array(text) if whole else _lines(text)
    if problems and not rows:
        where, problem = problems[0]
        raise DataError(
            "The file is not JSON." if not whole else "An entry is no object.",
            expected="JSON lines or one JSON array of objects",
            found=problem,
            where=where,
            hint="correct the place that is named",
        )
    for where, problem in problems:
        found.skip(f"{prefix}{where}", problem)
    return rows


def json_lines(data: bytes) -> Sequence[tuple[int, dict[str, Any]]]:
    """The objects of a file of which each entry is one, with their line or place, from 1. Raises DataError naming the place."""
    found = Reading()
    rows = json_entries(data, found=found)
    if found.skipped:
        first = found.skipped[0]
        raise DataError(
            "An entry is no object.",
            expected="one object an entry",
            found=first.reason,
            where=first.where,
            hint="give a file of labels",
        )
    return rows


def _array(text: str) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[str, str]]]:
    try:
        values = bounded_json(text)
    except (ValueError, RecursionError) as error:
        raise DataError(
            "The file is not JSON.",
            expected="JSON lines or one JSON array",
            found=str(error)[:200],
            hint="correct the place that is named",
        ) from error
    rows = [(k, value) for k, value in enumerate(values, 1) if isinstance(value, dict)]
    others = ((k, value) for k, value in enumerate(values, 1) if not isinstance(value, dict))
    return rows, [(f"entry {k}", f"it is no object but {_kind(value)}") for k, value in others]


def _lines(text: str) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[str, str]]]:
    rows: list[tuple[int, dict[str, Any]]] = []
    problems: list[tuple[str, str]] = []
    for k, line in enumerate(text_lines(text), 1):
        if not line.strip():
            continue
        try:
            value = bounded_json(line)
        except (ValueError, RecursionError, DataError) as error:
            problems.append((f"line {k}", f"it is not JSON: {str(error)[:200]}"))
            continue
        if isinstance(value, dict):
            rows.append((k, value))
        else:
            problems.append((f"line {k}", f"it is no object but {_kind(value)}"))
    if problems and not rows and (one := _one_object(text)) is not None:
        return [(1, one)], []
    return rows, problems


def _one_object(text: str) -> dict[str, Any] | None:
    """The object that a whole file is, written over several lines; None where it is none."""
    try:
        value = bounded_json(text)
    except (ValueError, RecursionError, DataError):
        return None
    return value if isinstance(value, dict) else None


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "a truth value", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(value), type(value).__name__)
