"""JSON arrays and objects: each element is a record or a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rebracket_core.corpus.limits import MAX_COLUMNS
from rebracket_core.corpus.readers.columns import TEXT_NAMES, Hints, Planner
from rebracket_core.corpus.readers.json_shapes import OTHER_TOOL, rows_in, unwrapped
from rebracket_core.corpus.readers.json_text import load_json
from rebracket_core.corpus.sources.base import Format, Record, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.stream import YAML_SUFFIXES, Head, Stream
from rebracket_core.errors import DataError


class JsonFormat(Format):
    """One JSON document: an array, an object with a list of records, or one record."""

    name = "json"
    label = "JSON"
    help = "A JSON array of records or texts, an object that holds one, or a single record."
    suffixes = (".json",)

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell JSON by its name, or by its text where it is not called YAML."""
        return suffix == ".json" or (suffix not in YAML_SUFFIXES and head.is_json)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each element. Raises DataError for an unreadable document and for one that holds no records."""
        name = entry.name
        document = load_json(stream.text(), where=name)
        if isinstance(document, Mapping):
            inner = rows_in(document, is_text=Planner(stream.hints).is_text, where=name)
            if inner is None:
                return value_records([(name, document)], hints=stream.hints, note=stream.note)
            document = inner
        if not isinstance(document, list):
            raise DataError(
                "The JSON holds no records.",
                expected="an array or an object",
                found=type(document).__name__,
                hint='write [{"concept": "..."}]',
                where=name,
            )
        stream.check_rows(len(document))
        return value_records(
            ((f"{name}:row {k}", v) for k, v in enumerate(document, start=1)), hints=stream.hints, note=stream.note
        )


def value_records(
    values: Iterable[tuple[str, Any] | Skip], *, hints: Hints, note: Callable[[str], None]
) -> Iterator[Record | Skip]:
    """The records of (where, value) pairs: a value is a record or a text, anything else becomes a Skip."""
    text_name = hints.text_column or TEXT_NAMES[0]
    planner = Planner(Hints(text_column=hints.text_column))
    names: set[str] = set()
    for found in values:
        if isinstance(found, Skip):
            yield found
            continue
        where, value = found
        if isinstance(value, str):
            yield Record(where, {text_name: value}, value)
        elif isinstance(value, Mapping):
            fields = value if all(type(key) is str for key in value) else {str(k): v for k, v in value.items()}
            fields, inside = unwrapped(fields, is_text=planner.is_text)
            if inside:
                note(OTHER_TOOL.format(inside=inside))
            names.update(fields)
            if len(names) > MAX_COLUMNS:
                raise DataError(
                    "The records have too many different fields; the file was read up to here.",
                    expected=f"at most {MAX_COLUMNS:,}",
                    found=f"{len(names):,}",
                    hint="give each record the same fields",
                    where=where,
                )
            yield Record(where, fields, planner.text(fields))
        else:
            yield Skip(where, f"is no record but {type(value).__name__}", 'write {"concept": "..."}')
