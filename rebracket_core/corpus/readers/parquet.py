"""Parquet tables: only the columns that are needed, batch by batch, so that audio columns are never loaded."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rebracket_core.corpus.readers.columns import STRUCT, iter_where, plan_columns, take_records
from rebracket_core.corpus.readers.intake import Hints, Intake
from rebracket_core.errors import DataError

MAGIC = b"PAR1"
_BATCH_ROWS = 2048
_TYPE_FIELD = "rebracketing_type"


def open_parquet(source: Path | bytes, *, where: str) -> pq.ParquetFile:
    """The opened table. Raises DataError where the file is damaged or no Parquet."""
    try:
        return pq.ParquetFile(source if isinstance(source, Path) else io.BytesIO(source))
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            "The Parquet file cannot be opened.",
            expected="a whole Parquet file",
            found=str(error)[:200],
            hint="copy or export it again",
            where=where,
        ) from error


def vector_columns(schema: pa.Schema) -> tuple[str, ...]:
    """The names of the columns that hold lists of floating-point numbers of text embeddings, in the file's order."""
    return tuple(f.name for f in schema if _is_vector(f.type) and f.name.endswith("embedding"))


def _is_vector(kind: pa.DataType) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return lists and pa.types.is_floating(kind.value_type)


def take_parquet(source: Path | bytes, *, name: str, stem: str, hints: Hints, into: Intake) -> None:
    """Put the rows of a table into the intake. Raises DataError for a damaged file or one without a text column."""
    table = open_parquet(source, where=name)
    schema = table.schema_arrow
    names = [n for n in schema.names if n != STRUCT or _has_type_field(schema)]
    plan = plan_columns(names, hints=hints, where=name)
    found = vector_columns(schema)
    if found:
        into.note(f"Embeddings ({', '.join(found)}) stand beside the texts; they are read on their own, by id.")
    records = iter_records(table, columns=plan.used(), where=name)
    take_records(iter_where(records, name=name), plan, into=into, hints=hints, stem=stem)


def _has_type_field(schema: pa.Schema) -> bool:
    kind = schema.field(STRUCT).type
    return pa.types.is_struct(kind) and kind.get_field_index(_TYPE_FIELD) >= 0


def iter_records(table: pq.ParquetFile, *, columns: list[str], where: str) -> Iterator[Mapping[str, Any]]:
    """The rows of the columns as plain values; "training_data.x" reads that field of the struct alone.

    Raises DataError where a part of the file is damaged.
    """
    try:
        for batch in table.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            "The Parquet file is damaged.",
            expected="readable columns",
            found=str(error)[:200],
            hint="copy or export it again",
            where=where,
        ) from error
