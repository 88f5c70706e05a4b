"""Parquet from outside, read within bounds: a few kilobytes can name terabytes, by packing, by sharing and by claims.

Three things are looked at before anything is read: the footer's own size, what it says of rows and columns, and the header
of each page of the columns that are wanted (`parquet_pages`). While reading, texts that share one value stay shared until
their lengths were added up, and rows are handed on in pieces of a bounded size.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import DataError
from rebracket_core.parquet.pages import DELTA_BYTE_ARRAY, Page, iter_pages
from rebracket_core.parquet.pieces import (
    MAX_TYPE_DEPTH,
    MIB,
    PIECE_BYTES,
    ROW_BYTES,
    RowTooLarge,
    depth,
    expanded,
    pieces,
    plain,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_FOOTER_BYTES = 8 * MIB
MAX_PARTS = 20_000
"""Columns (with their fields), row groups, and entries of any other list of the footer."""
MAX_GROUPS, MAX_CHUNKS = 10_000, 100_000
"""Row groups, and columns times row groups."""
MAX_PAGE_BYTES = 32 * MIB
MAX_GROWN_BYTES = 512 * MIB
"""What the wanted columns may grow to; for a larger file MAX_RATIO times its size."""
MAX_RATIO = 200
MAX_ROWS = 100_000
"""Rows of a small file; a larger one may have 8 a byte."""
_LIST_BYTES, _LIST_RATIO = 64 * MIB, 32
_NESTED_BYTES = 128 * MIB
_BATCH_ROWS = 2048
_LOOKED_INTO = 2_000  # column chunks whose dictionary is read on its own
_BY_DICTIONARY = (2, 8)
_ROWS_A_BYTE = 8


class ParquetTable:
    """An opened file whose footer is within bounds; `schema_arrow` are its columns, `n_rows` the number of its rows."""

    def __init__(self, source: Path | bytes, *, where: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.where = where
        self._source = source
        try:
            with self._open() as file:
                self.size = _check_footer(file, where=where)
            self._table = self._reader(pq)
        except MemoryError:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _refused(
                "The Parquet file cannot be opened.",
                expected="a whole Parquet file",
                found=str(error)[:200],
                hint="copy or export it again",
                where=where,
            ) from error
        self.schema_arrow: pa.Schema = self._table.schema_arrow
        self._check_shape()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of some columns (of all), in pieces of at most 32 MiB or one row; "a.b" is the field b of a.

        Raises DataError, before the first piece, where the columns would grow without measure, and for damaged parts.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = list(self.schema_arrow.names) if columns is None else list(columns)
        try:
            scan = self._scan(wanted)
            longest = self._longest_shared(scan) if scan.parts else 0
            table = self._reader(pq, metadata=self._table.metadata, read_dictionary=scan.shared)
            if longest * _BATCH_ROWS <= PIECE_BYTES and scan.shared_most <= self._most:
                table = self._table  # whatever the rows share is short: each can have its own at once
            elif scan.shared_most > self._most:
                self._check_shared(table, scan)
            for batch in table.iter_batches(batch_size=scan.rows, columns=wanted):
                for piece in self._pieces(batch):
                    yield plain(piece)
        except MemoryError:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _refused(
                "The Parquet file is damaged.",
                expected="readable columns",
                found=str(error)[:200],
                hint="copy or export it again",
                where=self.where,
            ) from error

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of some columns (of all) at once; raises as `batches` does."""
        import pyarrow as pa

        found = list(self.batches(columns))
        if found:
            return pa.Table.from_batches(found)
        kept = self.schema_arrow.names if columns is None else columns
        return self.schema_arrow.empty_table().select(list(kept))

    def _open(self) -> Any:
        return open(self._source, "rb") if isinstance(self._source, Path) else io.BytesIO(self._source)

    def _reader(self, pq: Any, **how: Any) -> pq.ParquetFile:
        source = self._source if isinstance(self._source, Path) else io.BytesIO(self._source)
        return pq.ParquetFile(source, thrift_string_size_limit=MAX_FOOTER_BYTES, thrift_container_size_limit=MAX_PARTS, **how)

    @property
    def _most(self) -> int:
        return max(MAX_GROWN_BYTES, MAX_RATIO * self.size)

    def _check_shape(self) -> None:
        metadata = self._table.metadata
        most = max(MAX_ROWS, _ROWS_A_BYTE * self.size)
        if metadata.num_row_groups > MAX_GROUPS or metadata.num_row_groups * metadata.num_columns > MAX_CHUNKS:
            found = f"{metadata.num_columns:,} columns in {metadata.num_row_groups:,} row groups"
            raise self._grows(f"at most {MAX_GROUPS:,} row groups, and {MAX_CHUNKS:,} of columns times row groups", found)
        rows = sum(metadata.row_group(k).num_rows for k in range(metadata.num_row_groups))
        self.n_rows = max(metadata.num_rows, rows)
        if self.n_rows > most:
            raise self._grows(f"at most {most:,} rows", f"{self.n_rows:,} in {self.size:,} bytes")
        if any(depth(field.type) > MAX_TYPE_DEPTH for field in self.schema_arrow):
            raise self._grows(f"columns nested at most {MAX_TYPE_DEPTH} levels deep", "more")

    def _scan(self, columns: Sequence[str]) -> _PageScan:
        """What the page headers say of the columns."""
        scan, schema = _PageScan(), self._table.schema
        leaves = [k for k in range(len(schema)) if _is_of(schema.column(k).path, columns)]
        with self._open() as file:
            for group in range(self._table.metadata.num_row_groups):
                row_group = self._table.metadata.row_group(group)
                for leaf in leaves:
                    self._take(file, row_group.column(leaf), column=schema.column(leaf), group=group, scan=scan)
        return scan

    def _take(self, file: Any, chunk: Any, *, column: Any, group: int, scan: _PageScan) -> None:
        rows = self._table.metadata.row_group(group).num_rows
        starts = [at for at in (chunk.dictionary_page_offset, chunk.data_page_offset) if at]
        if chunk.num_values and not starts:
            raise ValueError("a column without its place")
        pages: list[Page] = []
        for page in iter_pages(file, start=min(starts, default=0), values=chunk.num_values):
            if page.size > MAX_PAGE_BYTES:
                raise self._grows(f"pages of at most {MAX_PAGE_BYTES:,} bytes", f"{page.size:,} in column {column.path[:80]!r}")
            scan.grown += page.size
            if scan.grown > self._most:
                raise self._grows(f"columns that grow to at most {self._most:,} bytes", f"more, at column {column.path[:80]!r}")
            pages.append(page)
        if column.max_repetition_level:
            grown, packed = 16 * chunk.num_values, sum(page.packed for page in pages)
            if grown > max(_LIST_BYTES, _LIST_RATIO * packed):
                raise self._grows(
                    "lists of a length that the file's size bears out",
                    f"{chunk.num_values:,} values in {packed:,} bytes of column {column.path[:80]!r}",
                )
        elif chunk.num_values > rows or column.length > 1024:
            raise self._grows("one value a row, of a sensible length", f"column {column.path[:80]!r} has others")
        scan.add(pages, column=column, rows=rows, group=group)

    def _longest_shared(self, scan: _PageScan) -> int:
        """The bytes of the longest text that rows share; sets `scan.shared_most`, what all would come to at most."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        longest, scan.shared_most = 0, 0
        paths = list(dict.fromkeys(part.path for part in scan.parts if part.leads))
        table = self._reader(pq, metadata=self._table.metadata, read_dictionary=paths)
        for part in scan.parts:
            found = part.largest
            if part.leads and len(scan.parts) <= _LOOKED_INTO:
                batch = next(table.iter_batches(batch_size=1, row_groups=[part.group], columns=[part.path]), None)
                values = _dictionary(batch.column(0)) if batch is not None else None
                if values is not None and len(values) == part.entries:
                    found = int(pc.max(pc.binary_length(values)).as_py() or 0)
            if part.nested and found * part.values > max(_NESTED_BYTES, MAX_RATIO * part.packed):
                raise self._grows(
                    f"lists of texts that come to at most {_NESTED_BYTES:,} bytes",
                    f"up to {found * part.values:,} in {part.packed:,} bytes of column {part.path[:80]!r}",
                )
            scan.widen(part, found)
            longest = max(longest, found)
            scan.shared_most += found * part.values
        return longest

    def _check_shared(self, table: pq.ParquetFile, scan: _PageScan) -> None:
        """Refuse texts that share values and would come to too much when each row has its own."""
        grown = 0
        for batch in table.iter_batches(batch_size=scan.rows, columns=scan.large):
            grown += sum(expanded(column) for column in batch.columns)
            if grown > self._most:
                raise self._grows(f"texts that come to at most {self._most:,} bytes", "more: many rows share long ones")

    def _pieces(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        try:
            yield from pieces(batch)
        except RowTooLarge as error:
            raise self._grows(f"rows of at most {ROW_BYTES:,} bytes", f"{error.size:,}") from error

    def _grows(self, expected: str, found: str) -> DataError:
        return _refused(
            "The Parquet file grows too large.",
            expected=expected,
            found=found,
            where=self.where,
            hint="write it again with fewer or shorter values, in more files",
        )


@dataclass(frozen=True, slots=True)
class _Shared:
    """A column chunk whose texts stand in a dictionary: its entries and bytes, whether the rows begin by it, their number."""

    path: str
    group: int
    leads: bool
    entries: int
    largest: int
    values: int
    rows: int
    packed: int
    nested: bool


class _PageScan:
    """What was seen of the page headers: bytes unpacked, and the columns whose texts share values."""

    def __init__(self) -> None:
        self.grown = self.shared_most = 0
        self.parts: list[_Shared] = []
        self._widths: dict[str, float] = {}
        self._chained: dict[str, int] = {}

    def add(self, pages: Sequence[Page], *, column: Any, rows: int, group: int) -> None:
        """Take up the pages of a chunk of a column."""
        data = [page for page in pages if not page.dictionary]
        sizes = [page.size if page.encoding == DELTA_BYTE_ARRAY else page.size / max(1, page.values) for page in data]
        width = sum(page.size for page in data) / max(1, rows) if column.max_repetition_level else max(sizes, default=0.0)
        self._widths[column.path] = max(width, self._widths.get(column.path, 0.0))
        rest = rows, sum(page.packed for page in pages), bool(column.max_repetition_level) or "." in column.path
        if column.physical_type == "BYTE_ARRAY" and any(page.encoding == DELTA_BYTE_ARRAY for page in data):
            # Its dictionary among them; a value may repeat the beginning of the one before it.
            largest = max(page.size for page in pages)
            self.parts.append(_Shared(column.path, group, False, 0, largest, sum(page.values for page in data), *rest))
            self._chained[column.path] = max(largest, self._chained.get(column.path, 0))
        elif column.physical_type == "BYTE_ARRAY" and len(data) < len(pages):
            words = [page for page in pages if page.dictionary]
            leads = len(words) == 1 and pages[0].dictionary and bool(data) and data[0].encoding in _BY_DICTIONARY
            values = sum(page.values for page in data)
            self.parts.append(_Shared(column.path, group, leads, words[0].values, max(p.size for p in words), values, *rest))

    @property
    def shared(self) -> list[str]:
        """The paths of the columns, one text a row, that are read with their texts shared."""
        return [path for path in self.large if path not in self._chained]

    def widen(self, part: _Shared, longest: int) -> None:
        """Count, for lists of texts, what the texts of a row come to when none is shared."""
        if part.nested:
            width = longest * part.values / max(1, part.rows)
            self._widths[part.path] = max(width, self._widths.get(part.path, 0.0))

    @property
    def large(self) -> list[str]:
        """The paths of the columns whose texts may come to more than their pages: by a dictionary, or by shared beginnings."""
        return list(dict.fromkeys(part.path for part in self.parts if not part.nested))

    @property
    def rows(self) -> int:
        """How many rows to read at once."""
        return max(1, min(_BATCH_ROWS, int(PIECE_BYTES / max(1.0, sum(self._widths.values()) + sum(self._chained.values())))))


def _check_footer(file: Any, *, where: str) -> int:
    """The file's size in bytes. Raises DataError for a footer that is too large, ValueError for none."""
    size: int = file.seek(0, io.SEEK_END)
    if size < 12:
        raise ValueError(f"{size} bytes are no table")
    file.seek(size - 8)
    length, magic = struct.unpack("<I4s", file.read(8))
    if magic != b"PAR1":
        raise ValueError("its end is missing, or it is encrypted")
    if length > MAX_FOOTER_BYTES:
        raise _refused(
            "The Parquet file describes itself at too great a length.",
            found=f"{length:,}",
            where=where,
            expected=f"a footer of at most {MAX_FOOTER_BYTES:,} bytes",
            hint="write it with fewer columns and larger row groups",
        )
    return size


def _is_of(path: str, columns: Sequence[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in columns)


def _dictionary(array: Any) -> Any:
    """The values that a column shares, at whatever depth they stand; None where it shares none."""
    import pyarrow as pa

    while not pa.types.is_dictionary(array.type):
        if pa.types.is_struct(array.type) and array.type.num_fields == 1:
            array = array.field(0)
        elif pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
            array = array.values
        else:
            return None
    return array.dictionary


def _refused(message: str, *, expected: str, found: str, hint: str, where: str) -> DataError:
    return DataError(message, expected=expected, found=found, hint=hint, where=where)
