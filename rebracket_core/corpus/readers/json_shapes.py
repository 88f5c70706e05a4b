"""JSON as other tools write it → records with plain fields: tables of pandas, and tasks and records of annotation tools.

Labels that other tools keep beside a text are not read here; they are imported as labels, into a project.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from rebracket_core.corpus.limits import MAX_COLUMNS
from rebracket_core.errors import DataError
from rebracket_core.texts import brief

LIST_KEYS = ("concepts", "rows", "records", "data", "items")
OTHER_TOOL = (
    "The records are those of another tool: the fields of their {inside!r} were taken, and labels beside them were not."
)
_INSIDE = ("data", "fields", "row")
_BESIDE = frozenset(
    {"annotations", "completions", "predictions", "responses", "suggestions", "metadata", "label", "labels", "entities"}
) | {"id", "row_idx", "meta", "comments", "status", "cats", "inner_id", "project", "external_id"}


def rows_in(document: Mapping[str, Any], *, is_text: Callable[[str], bool], where: str) -> list[Any] | None:
    """The rows of one JSON object that holds a table or a list of records; None for one that is a record itself.

    `is_text` tells the name of a text column. Raises DataError for a table whose parts do not fit together.
    """
    columns, data = document.get("columns"), document.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        return _split(columns, data, where=where)
    inner = next((document[key] for key in LIST_KEYS if isinstance(document.get(key), list)), None)
    if inner is not None:
        return inner
    text = next((name for name in document if is_text(name)), None)
    if text is not None and isinstance(document[text], (Mapping, list)):
        return list(_columns(document, text=text, where=where))
    if text is None and document and all(_has_text(row, is_text) for row in islice(document.values(), 1_000)):
        return [{"id": key, **row} if isinstance(row, Mapping) else row for key, row in document.items()]
    return None


def unwrapped(record: Mapping[str, Any], *, is_text: Callable[[str], bool]) -> tuple[Mapping[str, Any], str]:
    """A record with the fields that another tool keeps within it, and where they stood; the record and "" for any other."""
    if any(is_text(name) for name in record):
        return record, ""
    for inside in _INSIDE:
        inner = record.get(inside)
        if not (set(record) - {inside}) & _BESIDE:
            continue
        kept = {"id": record["id"]} if "id" in record else {}
        if isinstance(inner, Mapping):
            more = record.get("metadata")
            return {**kept, **(more if isinstance(more, Mapping) else {}), **inner}, inside
        if isinstance(inner, str) and inside == "data":
            return {**kept, "text": inner}, inside
    return record, ""


def _has_text(row: object, is_text: Callable[[str], bool]) -> bool:
    return isinstance(row, Mapping) and any(is_text(str(name)) for name in row)


def _split(columns: list[Any], data: list[list[Any]], *, where: str) -> list[Any]:
    names = [str(name) for name in columns]
    if len(set(names)) < len(names) or len(names) > MAX_COLUMNS:
        raise _refused(f"at most {MAX_COLUMNS:,} columns, each name once", brief(names), where=where)
    odd = next((k for k, row in enumerate(data, start=1) if len(row) != len(names)), None)
    if odd is not None:
        raise _refused(
            f"rows of {len(names)} values, as 'columns' names them", f"{len(data[odd - 1])} in row {odd}", where=where
        )
    return [dict(zip(names, row, strict=True)) for row in data]


def _columns(document: Mapping[str, Any], *, text: str, where: str) -> Iterator[dict[str, Any]]:
    """The rows of a table that is written column by column, each a mapping from row to value, or a list."""
    columns = {
        name: dict(enumerate(values)) if isinstance(values, list) else values
        for name, values in document.items()
        if isinstance(values, (Mapping, list))
    }
    places = list(columns[text])
    odd = next((name for name, values in columns.items() if set(values) - set(places)), None)
    if odd is not None:
        raise _refused(f"columns of the same rows, {len(places):,} as {text!r} has", f"others in {odd[:80]!r}", where=where)
    for place in places:
        yield {name: values.get(place) for name, values in columns.items()}


def _refused(expected: str, found: str, *, where: str) -> DataError:
    return DataError(
        "The table within the JSON does not fit together.",
        expected=expected,
        found=found,
        hint="export it again, as records or CSV",
        where=where,
    )
