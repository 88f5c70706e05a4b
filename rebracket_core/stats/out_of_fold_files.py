"""The files of out-of-fold rows and predictions: Parquet of one schema, whole or refused."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from rebracket_core.errors import DataError, ModelError
from rebracket_core.files import write_bytes
from rebracket_core.parquet import ParquetTable

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


def take_rows(values: Any, at: np.ndarray) -> Any:
    """Return the values at some positions, an array as an array and a tuple as a tuple."""
    return values[at] if isinstance(values, np.ndarray) else tuple(values[int(i)] for i in at)


def write_out_of_fold_file(path: Path, columns: Mapping[str, Any], *, schema: pa.Schema) -> None:
    """Write these columns in the place of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(dict(columns), schema=schema), sink)
    write_bytes(path, sink.getvalue())


def read_out_of_fold_file(
    path: Path, *, schema: pa.Schema, make: Callable[[pa.Table], T], message: str, later: tuple[str, ...] = ()
) -> T:
    """Return what `make` makes of the file's columns of this schema; it refuses values with a ValueError or KeyError.

    Files of earlier versions may lack the columns `later`; `make` then gets a table without them.

    Raises: ModelError with this message where the file is damaged or foreign.
    """
    import pyarrow as pa

    try:
        table = ParquetTable(path, where=str(path)).table()
        there = pa.schema([field for field in schema if field.name not in later or field.name in table.column_names])
        return make(table.select(there.names).cast(there))
    except (DataError, OSError, pa.ArrowException, KeyError, ValueError) as cause:
        raise ModelError(
            message,
            expected=f"the columns {', '.join(schema.names)}",
            found=str(cause)[:200],
            hint="train the run again, or restore the file",
            where=str(path),
        ) from cause
