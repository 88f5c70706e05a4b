"""JSON arrays, single JSON objects and JSON lines: each element is a record or a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rebracket_core.corpus.readers.columns import TEXT_NAMES, plan_columns, take_records
from rebracket_core.corpus.readers.decoding import text_lines
from rebracket_core.corpus.readers.intake import Hints, Intake
from rebracket_core.corpus.readers.json_text import bounded_json
from rebracket_core.errors import DataError

LIST_KEYS = ("concepts", "rows", "records", "data", "items")


def load_json(text: str, *, where: str) -> Any:
    """The values of a JSON document. Raises DataError where it cannot be read."""
    try:
        return bounded_json(text, where=where)
    except (ValueError, RecursionError) as error:
        raise DataError(
            "The JSON cannot be read.",
            expected="one JSON document",
            found=str(error)[:200],
            hint="correct it, or write one record a line",
            where=where,
        ) from error


def is_json(text: str) -> bool:
    """Whether the whole text is one JSON array or object. Raises DataError for one that passes the bounds."""
    if text.lstrip()[:1] not in ("[", "{"):
        return False
    try:
        bounded_json(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_json_lines(text: str) -> bool:
    """Whether the first line that is not blank is a JSON object by itself, or all of the first lines are JSON texts."""
    lines = [line for line in text[:200_000].split("\n") if line.strip()][:20]
    firsts = [_line_value(line) for line in lines]
    return bool(firsts) and (isinstance(firsts[0], Mapping) or (len(firsts) > 1 and all(isinstance(v, str) for v in firsts)))


def _line_value(line: str) -> Any:
    try:
        return bounded_json(line)
    except (ValueError, RecursionError, DataError):
        return None


def take_json(text: str, *, name: str, stem: str, hints: Hints, into: Intake) -> None:
    """Put the elements of a JSON document into the intake. Raises DataError for an unreadable or textless document."""
    document = load_json(text, where=name)
    if isinstance(document, Mapping):
        inner = next((document[key] for key in LIST_KEYS if isinstance(document.get(key), list)), None)
        document = [document] if inner is None else inner
    if not isinstance(document, list):
        raise DataError(
            "The JSON holds no records.",
            expected="an array or an object",
            found=type(document).__name__,
            hint='write [{"concept": "..."}]',
        )
    take_values([(f"{name}:row {k}", v) for k, v in enumerate(document, start=1)], name=name, stem=stem, hints=hints, into=into)


def take_json_lines(text: str, *, name: str, stem: str, hints: Hints, into: Intake) -> None:
    """Put each line of a JSON-lines file into the intake; a line that is no JSON becomes a skip."""
    take_values(list(json_lines(text, name=name, into=into)), name=name, stem=stem, hints=hints, into=into)


def json_lines(text: str | Iterable[str], *, name: str, into: Intake) -> Iterator[tuple[str, Any]]:
    """(where, value) pairs of a text, or of its lines one by one; a line that is no JSON becomes a skip."""
    for number, line in enumerate(text_lines(text) if isinstance(text, str) else text, start=1):
        if not line.strip():
            continue
        where = f"{name}:line {number}"
        try:
            yield where, bounded_json(line, where=where)
        except DataError as error:
            into.refuse(where, error)
        except (ValueError, RecursionError) as error:
            into.skip(where, "is no JSON", hint=str(error)[:100])


def take_values(values: list[tuple[str, Any]], *, name: str, stem: str, hints: Hints, into: Intake) -> None:
    """Put (where, element) pairs into the intake; an element is a record or a text, anything else becomes a skip.

    Raises DataError where no field holds the text.
    """
    records: list[tuple[str, Mapping[str, Any]]] = []
    for where, value in values:
        if isinstance(value, str):
            records.append((where, {hints.text_column or TEXT_NAMES[0]: value}))
        elif isinstance(value, Mapping):
            plain = all(type(k) is str for k in value)
            records.append((where, value if plain else {str(k): v for k, v in value.items()}))
        else:
            into.skip(where, f"is no record but {type(value).__name__}", hint='write {"concept": "..."}')
    if not records:
        return
    names = list(dict.fromkeys(key for _, record in records for key in record))
    take_records(records, plan_columns(names, hints=hints, where=name), into=into, hints=hints, stem=stem)
