"""JSON lines: each line is a record or a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rebracket_core.corpus.readers.json_text import bounded_json
from rebracket_core.corpus.sources.base import Format, Record, Skip, skip_of
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.formats.json_rows import value_records
from rebracket_core.corpus.sources.stream import YAML_SUFFIXES, Head, Stream
from rebracket_core.errors import DataError


class JsonLinesFormat(Format):
    """A JSON value a line, read line by line."""

    name = "jsonl"
    label = "JSON lines"
    help = "One JSON record or text a line; files of any length are read line by line."
    suffixes = (".jsonl", ".ndjson")

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell JSON lines by their name, or by the first lines where the file is not called YAML."""
        return suffix in self.suffixes or (suffix not in YAML_SUFFIXES and head.is_json_lines)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give the record of each line that is not blank, and a Skip for one that is no JSON."""
        stream.check_rows(lambda: (line for line in stream.lines() if line.strip()))
        return value_records(_values(stream.lines(), name=entry.name), hints=stream.hints, note=stream.note)


def _values(lines: Iterable[str], *, name: str) -> Iterator[tuple[str, Any] | Skip]:
    for number, line in enumerate(lines, start=1):
        line = line.lstrip("\ufeff\x1e")  # files put one below the other, and JSON text sequences (RFC 7464)
        if not line.strip():
            continue
        where = f"{name}:line {number}"
        try:
            yield where, bounded_json(line, where=where)
        except DataError as error:
            yield skip_of(error, where=where)
        except (ValueError, RecursionError) as error:
            yield Skip(where, "is no JSON", str(error)[:100])
