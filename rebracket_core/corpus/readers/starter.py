"""Groups of hand-labelled concepts (YAML), and texts that are no concepts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from rebracket_core.corpus.readers.intake import Intake, check_repeats
from rebracket_core.corpus.readers.labels import missing, read_album, read_axis, read_types, read_weight
from rebracket_core.errors import DataError, InputError
from rebracket_core.rainbow import AXIS_NAMES


def is_starter_group(document: object) -> bool:
    """Whether a YAML document is a group of labelled concepts: a mapping with a list `concepts`."""
    return isinstance(document, Mapping) and isinstance(document.get("concepts"), list)


def is_not_concepts(document: object) -> bool:
    """Whether a YAML document is a list of texts that are no concepts: a mapping with `category` and a list `texts`."""
    return isinstance(document, Mapping) and "category" in document and isinstance(document.get("texts"), list)


def take_starter_group(document: Mapping[str, Any], *, name: str, into: Intake) -> None:
    """Put each concept of the group into the intake; one with a bad label becomes a skip.

    Plain modes go to the stated modes, shares to the axis itself; types are labels made by people.
    """
    stem = PurePosixPath(name).stem
    check_repeats(document, ("group", "motif"), times=len(document["concepts"]), name=name)
    group = str(document.get("group") or stem)
    for number, item in enumerate(document["concepts"], start=1):
        where = f"{name}:concept {number}"
        try:
            row = _row(_mapping(item, where=where), fallback=f"{group}-{number:02d}")
        except InputError as error:
            into.refuse(where, error)
            continue
        into.take({**row, "group_id": group, "title": str(document.get("motif") or ""), "origin": "starter", "where": where})


def _mapping(item: object, *, where: str) -> Mapping[str, Any]:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, Mapping):
        return item
    raise DataError(
        "This is no labelled concept.",
        expected="a text, or a mapping with 'text'",
        found=type(item).__name__,
        hint="correct the entry",
        where=where,
    )


def _row(item: Mapping[str, Any], *, fallback: str) -> dict[str, Any]:
    kinds = read_types(item.get("types"))
    row: dict[str, Any] = {
        "row_id": str(item.get("id") or fallback),
        "concept": item.get("text", item.get("concept")),
        "album": read_album(item.get("album")),
        "weight": read_weight(item.get("weight")),
        "types": kinds,
        "types_from": "" if kinds is None else str(item.get("types_from") or "human"),
    }
    for axis in AXIS_NAMES:
        row[axis], row[f"{axis}_stated"] = read_axis(axis, item.get(axis))
    return row


def take_not_concepts(document: Mapping[str, Any], *, name: str, into: Intake) -> None:
    """Put each text that is no concept into the intake, unlabelled, its category as group."""
    check_repeats(document, ("category",), times=len(document["texts"]), name=name)
    category = str(document.get("category") or PurePosixPath(name).stem)
    for number, item in enumerate(document["texts"], start=1):
        text = item.get("text") if isinstance(item, Mapping) else item
        said = item.get("id") if isinstance(item, Mapping) else None
        into.take(
            {
                "row_id": f"{category}-{number:02d}" if missing(said) else str(said),
                "group_id": category,
                "origin": "not_concepts",
                "where": f"{name}:text {number}",
                "concept": text,
            }
        )
