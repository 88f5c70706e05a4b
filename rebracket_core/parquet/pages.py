"""The page headers of a Parquet file: what its columns grow to, which the footer may say wrongly.

A footer is a claim of whoever wrote the file. The headers that stand before each page are what the reader goes by: it
makes a buffer of the size that they name and decompresses no more than that. They are read here without the pages.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

MAX_HEADER_BYTES = 1 << 20
DELTA_BYTE_ARRAY = 7
_DICTIONARY_PAGE, _DATA_PAGE, _DATA_PAGE_V2 = 2, 0, 3
_KNOWN_TYPES = range(13)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its kind, its bytes unpacked and in the file, its values (nulls included) and their encoding's number."""

    dictionary: bool
    size: int
    packed: int
    values: int
    encoding: int


def iter_pages(file: IO[bytes], *, start: int, values: int) -> Iterator[Page]:
    """The pages of a column chunk, from the place of the first until `values` values were told.

    Raises ValueError for headers that cannot be read, or go past the end of the file.
    """
    at, left = start, values
    while left > 0:
        file.seek(at)
        head = file.read(256)
        try:
            page, packed, length = _page(head)
        except IndexError:  # statistics of long texts make long headers
            page, packed, length = _page(head + file.read(MAX_HEADER_BYTES))
        if page is not None:
            yield page
            left -= 0 if page.dictionary else page.values
            if not page.dictionary and not page.values and not packed:
                raise ValueError("a page without values")
        at += length + packed


def _page(head: bytes) -> tuple[Page | None, int, int]:
    """A page, the bytes that it is packed into, and those of its header; None for a page of another kind (an index)."""
    reader = _Compact(head)
    try:
        header = reader.struct()
    except struct.error as error:
        raise ValueError(str(error)) from error
    kind, size, packed = (header.get(k) for k in (1, 2, 3))
    if not (isinstance(kind, int) and isinstance(size, int) and isinstance(packed, int)) or size < 0 or packed < 0:
        raise ValueError("a page without its sizes")
    inner = header.get({_DATA_PAGE: 5, _DICTIONARY_PAGE: 7, _DATA_PAGE_V2: 8}.get(kind, -1))
    if not isinstance(inner, dict):
        if kind in (_DATA_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_V2):
            raise ValueError("a page without its header")
        return None, packed, reader.at
    values, encoding = inner.get(1), inner.get(4 if kind == _DATA_PAGE_V2 else 2)
    if not isinstance(values, int) or not isinstance(encoding, int) or values < 0:
        raise ValueError("a page without its number of values")
    return Page(kind == _DICTIONARY_PAGE, size, packed, values, encoding), packed, reader.at


class _Compact:
    """Thrift's compact protocol, as far as page headers need it. Raises IndexError where the bytes end too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, *, depth: int = 0) -> dict[int, object]:
        """The fields of a structure by their number."""
        if depth > 8:
            raise ValueError("a header nested too deep")
        found: dict[int, object] = {}
        number = 0
        while kind := self._byte():
            step, kind = kind >> 4, kind & 15
            number = number + step if step else self._signed()
            found[number] = self._value(kind, depth=depth)
        return found

    def _value(self, kind: int, *, depth: int) -> object:
        if kind not in _KNOWN_TYPES:
            raise ValueError("no Thrift")
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 12:
            return self.struct(depth=depth + 1)
        if kind in (7, 8):
            self._skip(8 if kind == 7 else self._varint())
        elif kind in (9, 10):
            self._list(depth=depth)
        else:
            raise ValueError("a header with a mapping")
        return None

    def _list(self, *, depth: int) -> None:
        head = self._byte()
        count = head >> 4 if head >> 4 != 15 else self._varint()
        if count > MAX_HEADER_BYTES:
            raise ValueError("a list without end")
        for _ in range(count):
            self._byte() if head & 15 in (1, 2) else self._value(head & 15, depth=depth + 1)

    def _skip(self, count: int) -> None:
        if self.at + count > len(self._data):
            if count > MAX_HEADER_BYTES:
                raise ValueError("a header without end")
            raise IndexError(count)
        self.at += count

    def _byte(self) -> int:
        found = self._data[self.at]
        self.at += 1
        return found

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 127) << shift
            if byte < 128:
                return found
            shift += 7
            if shift > 63:
                raise ValueError("a number without end")

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
