"""Parquet tables and Arrow streams: the columns that are needed, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from rebracket_core.corpus.readers.columns import STRUCT, is_expected_album, plan_columns
from rebracket_core.corpus.readers.parquet import MAGIC, iter_records, open_arrow, open_parquet, vector_columns
from rebracket_core.corpus.sources.base import Format, Record, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.errors import DataError
from rebracket_core.parquet import FILE_MAGIC, STREAM_MAGIC, ArrowTable, ParquetTable
from rebracket_core.texts import field_key

_TYPE_FIELD = "rebracketing_type"


class ParquetFormat(Format):
    """A Parquet table with a text column; audio and other columns are never loaded."""

    name = "parquet"
    label = "Parquet"
    help = "A Parquet table with a text column; tables of any length are read batch by batch."
    suffixes = (".parquet",)
    own_ids = True

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell Parquet by its first bytes, or its name: what is called .parquet and is none is refused."""
        return head.data.startswith(MAGIC) or suffix in self.suffixes

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each row. Raises DataError for a damaged file and for one without a text column."""
        yield from table_records(open_parquet(stream.binary(), where=entry.name), stream=stream, name=entry.name)


class ArrowFormat(Format):
    """An Arrow stream with a text column, as a data set saved by Hugging Face's `datasets` holds them."""

    name = "arrow"
    label = "Arrow"
    help = "A folder that save_to_disk of Hugging Face's datasets wrote, or one of its files, with a text column."
    suffixes = (".arrow",)
    own_ids = True

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell an Arrow stream by its first bytes, or its name. Raises DataError for an Arrow file that is no stream."""
        if head.data.startswith(FILE_MAGIC):
            raise DataError(
                "This is an Arrow file (Feather), not a stream.",
                expected="an Arrow stream, as save_to_disk writes it, or Parquet",
                found=repr(head.data[:6]),
                hint="write it as Parquet",
            )
        return head.data.startswith(STREAM_MAGIC) or suffix in self.suffixes

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each row. Raises DataError for a damaged file and for one without a text column."""
        yield from table_records(open_arrow(stream.binary(), where=entry.name), stream=stream, name=entry.name)


def table_records(table: ParquetTable | ArrowTable, *, stream: Stream, name: str) -> Iterator[Record]:
    """The rows of a table of columns, of which only those that are needed are read."""
    stream.check_rows(table.n_rows)
    schema = table.schema_arrow
    names = [n for n in schema.names if n != STRUCT or _has_type_field(schema)]
    if len({field_key(name) for name in names}) < len(names):
        stream.note("Two columns have the same name; the first is used.")
    plan = plan_columns(names, hints=stream.hints, where=name)
    if not plan.vectors and (vectors := vector_columns(schema)):
        stream.note(f"Embeddings ({', '.join(vectors)}) stand beside the texts; they are read on their own, by id.")
    columns = list(dict.fromkeys((*plan.used(), *filter(is_expected_album, names))))
    text = plan.text
    for number, values in enumerate(iter_records(table, columns=columns, where=name), start=1):
        yield Record(f"{name}:row {number}", values, values.get(text), plan)


def _has_type_field(schema: pa.Schema) -> bool:
    kind = schema.field(schema.names.index(STRUCT)).type
    return pa.types.is_struct(kind) and kind.get_field_index(_TYPE_FIELD) >= 0
