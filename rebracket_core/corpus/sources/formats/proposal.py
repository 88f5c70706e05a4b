"""A song proposal (YAML) → one row; its folder is its thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from rebracket_core.corpus.readers.labels import missing, read_album, read_axis
from rebracket_core.corpus.sources.base import Format, Record, Row, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.stream import Head, Stream
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


class ProposalFormat(Format):
    """A song proposal: one record."""

    name = "proposal"
    label = "Song proposal"
    help = "A song proposal in YAML, with its concept and the album it is meant for."
    suffixes = (".yml", ".yaml")
    numbers_repeats = True

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell a proposal by its concept."""
        return is_proposal(head.yaml)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give the proposal; without an album it tells nothing of where it comes from."""
        document = {str(key): value for key, value in stream.document().items()}
        origin = "proposals" if "rainbow_color" in document else ""
        thread = thread_of(entry.file_name, root=stream.root)
        rows = partial(_rows, document, name=entry.name, stem=entry.stem, thread=thread)
        yield Record(entry.name, document, document.get("concept"), origin=origin, rows=rows)


def _rows(document: Mapping[str, Any], *, name: str, stem: str, thread: str) -> Iterator[Row | Skip]:
    """One row; what the proposal says of its modes goes to the stated modes, as it stands.

    Raises InputError for an unknown colour or mode.
    """
    colour = document.get("rainbow_color", document.get("album"))
    row: Row = {
        "row_id": f"{thread}/{stem}",
        "group_id": thread,
        "origin": "proposals",
        "where": name,
        "title": _word(document.get("title")),
        "agent": _word(document.get("agent_name")),
        "concept": document.get("concept"),
        "album": read_album(colour),
    }
    stated = colour if isinstance(colour, Mapping) else {}
    for axis in AXES:
        cell = next((stated[f"{word}_mode"] for word in (axis.also, axis.name) if word and f"{word}_mode" in stated), None)
        row[axis.name], row[f"{axis.name}_stated"] = read_axis(axis.name, cell)
    yield row


def _word(value: object) -> str:
    return "" if missing(value) or isinstance(value, (Mapping, list)) else str(value)
