"""Arrow streams from outside, as Hugging Face's `save_to_disk` writes them, read within bounds.

A stream is messages, each of which says how many bytes it has. These claims are read here before anything is made of them:
the description of a message, the bytes that it goes on with, its rows. Bytes that are packed are refused, as `save_to_disk`
packs none and their size is another claim; every array is checked in full before a value of it is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import DataError
from rebracket_core.parquet.bounds import MAX_FOOTER_BYTES, MAX_GROWN_BYTES, MAX_PARTS, MAX_RATIO, MAX_ROWS
from rebracket_core.parquet.pieces import MAX_TYPE_DEPTH, ROW_BYTES, RowTooLarge, depth, expanded, pieces, plain

if TYPE_CHECKING:
    import pyarrow as pa

STREAM_MAGIC = b"\xff\xff\xff\xff"
FILE_MAGIC = b"ARROW1"
MAX_MESSAGES = 100_000
_SCHEMA, _DICTIONARY, _ROWS = 1, 2, 3


class ArrowTable:
    """An opened stream whose messages are within bounds; `schema_arrow` are its columns, `n_rows` the number of its rows."""

    def __init__(self, source: Path | bytes, *, where: str) -> None:
        import pyarrow as pa

        self.where = where
        try:
            self._buffer = pa.memory_map(str(source)).read_buffer() if isinstance(source, Path) else pa.py_buffer(source)
            self.size = self._buffer.size
            self.n_rows = sum(self._rows_claimed())
            if self.n_rows > max(MAX_ROWS, 8 * self.size):
                raise self._grows(f"at most {max(MAX_ROWS, 8 * self.size):,} rows", f"{self.n_rows:,} in {self.size:,} bytes")
            self.schema_arrow: pa.Schema = pa.ipc.open_stream(self._buffer).schema
        except MemoryError:
            raise
        except (pa.ArrowException, OSError, ValueError, struct.error) as error:
            raise self._damaged(error) from error
        if len(self.schema_arrow) > MAX_PARTS or any(depth(field.type) > MAX_TYPE_DEPTH for field in self.schema_arrow):
            raise self._grows(f"at most {MAX_PARTS:,} columns, nested at most {MAX_TYPE_DEPTH} levels deep", "more")

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of some columns (of all), in pieces of at most 32 MiB or one row; "a.b" reads the whole struct a.

        Raises DataError for columns of a type that is not read, for damaged parts, and where they come to too much.
        """
        import pyarrow as pa

        wanted = self._places(columns)
        for at in wanted:
            if not _is_read(self.schema_arrow.field(at).type):
                raise self._grows("columns of plain values, lists and structs", f"{self.schema_arrow.field(at).type}"[:100])
        grown, most = 0, max(MAX_GROWN_BYTES, MAX_RATIO * self.size)
        try:
            options = pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
            for batch in pa.ipc.open_stream(self._buffer, options=options):
                batch.validate(full=True)
                grown += sum(expanded(column) for column in batch.columns)
                if grown > most:
                    raise self._grows(f"columns that come to at most {most:,} bytes", "more")
                for piece in pieces(batch):
                    yield plain(piece)
        except MemoryError:
            raise
        except RowTooLarge as error:
            raise self._grows(f"rows of at most {ROW_BYTES:,} bytes", f"{error.size:,}") from error
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from error

    def _places(self, columns: Sequence[str] | None) -> list[int]:
        names = self.schema_arrow.names
        wanted = names if columns is None else {name if name in names else name.partition(".")[0] for name in columns}
        return [k for k, name in enumerate(names) if name in wanted and names.index(name) == k]

    def _rows_claimed(self) -> Iterator[int]:
        """The rows of each message. Raises ValueError for one that goes past the end, DataError for one that is not read."""
        at = number = 0
        view = memoryview(self._buffer)
        while at + 8 <= self.size:
            mark, length = struct.unpack_from("<4si", view, at)
            if mark != STREAM_MAGIC:
                raise ValueError("no message of a stream")
            if length == 0:
                return
            if not 0 < length <= MAX_FOOTER_BYTES or at + 8 + length > self.size:
                raise ValueError(f"a message that describes itself in {length:,} bytes")
            kind, rows, body, packed = _message(view[at + 8 : at + 8 + length])
            if packed:
                raise self._grows("a stream whose bytes are not packed, as save_to_disk writes it", "packed ones")
            if kind not in (_SCHEMA, _DICTIONARY, _ROWS) or not 0 <= body <= self.size - at - 8 - length:
                raise ValueError("a message that goes past the end of the file")
            number += 1
            if number > MAX_MESSAGES:
                raise self._grows(f"at most {MAX_MESSAGES:,} messages", "more")
            yield rows if kind == _ROWS else 0
            at += 8 + length + body

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            "The Arrow file cannot be read.",
            expected="a whole Arrow stream, as save_to_disk writes it",
            found=str(error)[:200],
            hint="copy or save it again, or write it as Parquet",
            where=self.where,
        )

    def _grows(self, expected: str, found: str) -> DataError:
        return DataError(
            "The Arrow file is refused.", expected=expected, found=found, where=self.where, hint="write it again as Parquet"
        )


def _is_read(kind: pa.DataType) -> bool:
    """Whether values of a type are read: none that share what they point to without a dictionary."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):  # of which each row may point to a long one
        return types.is_string(kind.value_type) or types.is_large_string(kind.value_type) or types.is_primitive(kind.value_type)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_read(kind.value_type)
    if types.is_struct(kind):
        return all(_is_read(kind.field(k).type) for k in range(kind.num_fields))
    texts = types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind)
    return texts or types.is_primitive(kind) or types.is_null(kind) or types.is_decimal(kind)


# ---- the description of a message, in Flatbuffers ---------------------------------------------------------------------


def _message(view: memoryview) -> tuple[int, int, int, bool]:
    """The kind of a message, its rows, the bytes of its body, and whether these are packed. Raises struct.error, ValueError."""
    table = _offset(view, 0)
    kind = _scalar(view, table, 1, "<B")
    body = _scalar(view, table, 3, "<q")
    rows, packed = 0, False
    if kind in (_DICTIONARY, _ROWS):
        batch = _child(view, table, 2)
        if kind == _DICTIONARY:
            batch = _child(view, batch, 1)
        rows, packed = _scalar(view, batch, 0, "<q"), _field(view, batch, 3) != 0
        if rows < 0:
            raise ValueError("a batch of less than no rows")
    return kind, rows, body, packed


def _offset(view: memoryview, at: int) -> int:
    found: int = at + struct.unpack_from("<I", view, at)[0]
    return found


def _field(view: memoryview, table: int, number: int) -> int:
    """Where a field of a table stands; 0 where it is left out."""
    head = table - struct.unpack_from("<i", view, table)[0]
    if head < 0:
        raise ValueError("a message without its table")
    size = struct.unpack_from("<H", view, head)[0]
    if 4 + 2 * number + 2 > size:
        return 0
    at: int = struct.unpack_from("<H", view, head + 4 + 2 * number)[0]
    return table + at if at else 0


def _scalar(view: memoryview, table: int, number: int, form: str) -> Any:
    at = _field(view, table, number)
    return struct.unpack_from(form, view, at)[0] if at else 0


def _child(view: memoryview, table: int, number: int) -> int:
    at = _field(view, table, number)
    if not at:
        raise ValueError("a message without its contents")
    return _offset(view, at)
