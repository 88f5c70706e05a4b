"""YAML that is no song, proposal or group: a list of records or texts, or one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from rebracket_core.corpus.readers.columns import Hints, Planner
from rebracket_core.corpus.sources.base import Format, Record, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.formats.json_rows import value_records
from rebracket_core.corpus.sources.stream import YAML_SUFFIXES, Head, Stream
from rebracket_core.errors import DataError


class YamlFormat(Format):
    """Any other YAML."""

    name = "yaml"
    label = "YAML"
    help = "A YAML list of records or texts, or one record with a text field."
    suffixes = YAML_SUFFIXES

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell YAML by its name, or by a key that concepts have."""
        return suffix in self.suffixes or head.yaml is not None

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each element of a list, or the one record. Raises DataError where there is none."""
        document, name = stream.document(), entry.name
        if isinstance(document, list):
            return value_records(
                ((f"{name}:row {k}", v) for k, v in enumerate(document, start=1)), hints=stream.hints, note=stream.note
            )
        if isinstance(document, Mapping):
            fields = {str(key): value for key, value in document.items()}
            if Planner(Hints(text_column=stream.hints.text_column)).text(fields) is not None:
                return value_records([(name, fields)], hints=stream.hints, note=stream.note)
        keys = islice((key for key in document if isinstance(key, str)), 20) if isinstance(document, Mapping) else ()
        raise DataError(
            "This YAML holds no concept.",
            expected="a manifest, a proposal, a group of concepts or a list",
            found=", ".join(keys)[:200] or type(document).__name__,
            hint="give it a field 'concept'",
            where=name,
        )
