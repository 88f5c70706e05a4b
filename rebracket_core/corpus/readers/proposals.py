"""A song proposal (YAML) → one row; its folder is its thread."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from rebracket_core.corpus.readers.intake import Intake
from rebracket_core.corpus.readers.labels import missing, read_album, read_axis
from rebracket_core.rainbow import AXES

_INNER_FOLDERS = frozenset({"yml", "yaml", "proposals", "songs"})
_NOT_ONE_TEXT = ("structure", "manifest_id", "concepts", "texts")


def is_proposal(document: object) -> bool:
    """Whether a YAML document is a song proposal: it has a concept, and is neither a manifest nor a starter group."""
    return isinstance(document, Mapping) and "concept" in document and not any(key in document for key in _NOT_ONE_TEXT)


def thread_of(name: str, *, root: str) -> str:
    """The thread of a proposal: its folder (`root` for a file at the top); folders named "yml" are passed over."""
    folders = [part for part in PurePosixPath(name).parts[:-1] if part.casefold() not in _INNER_FOLDERS]
    return folders[-1] if folders else root


def take_proposal(document: Mapping[str, Any], *, name: str, thread: str, into: Intake) -> None:
    """Put one proposal into the intake; what it says of its modes goes to the stated modes, as it stands.

    Raises InputError for an unknown colour or mode.
    """
    colour = document.get("rainbow_color", document.get("album"))
    row: dict[str, Any] = {
        "row_id": f"{thread}/{PurePosixPath(name).stem}",
        "group_id": thread,
        "origin": "proposals",
        "where": name,
        "title": _word(document.get("title")),
        "agent": _word(document.get("agent_name")),
        "concept": document.get("concept"),
        "album": read_album(colour),
    }
    said = colour if isinstance(colour, Mapping) else {}
    for axis in AXES:
        cell = next((said[f"{word}_mode"] for word in (axis.also, axis.name) if word and f"{word}_mode" in said), None)
        row[axis.name], row[f"{axis.name}_stated"] = read_axis(axis.name, cell)
    into.take(row, number_repeats=True)


def _word(value: object) -> str:
    return "" if missing(value) or isinstance(value, (Mapping, list)) else str(value)
