"""Parquet tables and Arrow streams: only the columns that are needed, batch by batch; audio is never loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from rebracket_core.errors import DataError
from rebracket_core.parquet import ArrowTable, ParquetTable

MAGIC = b"PAR1"


def open_parquet(source: Path | bytes, *, where: str) -> ParquetTable:
    """The opened table. Raises DataError where the file is damaged, no Parquet, or described without measure."""
    return ParquetTable(source, where=where)


def vector_columns(schema: pa.Schema) -> tuple[str, ...]:
    """The names of the columns that hold lists of floating-point numbers of text embeddings, in the file's order."""
    return tuple(f.name for f in schema if _is_vector(f.type) and f.name.endswith("embedding"))


def _is_vector(kind: pa.DataType) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return lists and pa.types.is_floating(kind.value_type)


def open_arrow(source: Path | bytes, *, where: str) -> ArrowTable:
    """The opened stream. Raises DataError where the file is damaged, no Arrow stream, or described without measure."""
    return ArrowTable(source, where=where)


def iter_records(table: ParquetTable | ArrowTable, *, columns: list[str], where: str) -> Iterator[Mapping[str, Any]]:
    """The rows of the columns as plain values; "training_data.x" reads that field of the struct alone.

    Raises DataError where a part of the file is damaged, and before the first row where the columns grow too large.
    """
    try:
        for batch in table.batches(columns):
            names = batch.schema.names
            if len(set(names)) < len(names):  # of two columns with one name the first counts
                batch = batch.select([k for k, name in enumerate(names) if names.index(name) == k])
            yield from batch.to_pylist()
    except UnicodeDecodeError as error:
        raise DataError(
            "The file is damaged.",
            expected="readable columns",
            found=str(error)[:200],
            hint="copy or export it again",
            where=where,
        ) from error
