"""CSV in its many forms: delimiter, quoting and header are found by looking."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rebracket_core.corpus.limits import MAX_CELL_CHARS, MAX_COLUMNS, MAX_LINE_CHARS
from rebracket_core.corpus.readers.columns import KNOWN_NAMES, TEXT_NAMES
from rebracket_core.corpus.readers.decoding import text_lines
from rebracket_core.corpus.schema import Skip
from rebracket_core.errors import DataError

_DELIMITERS = (",", ";", "\t", "|")
_ONE_COLUMN = "\x1f"
_SAMPLE_ROWS = 50
_NAME_CHARS = 64


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written: its delimiter, its column names, and whether its first line is a header."""

    delimiter: str
    names: tuple[str, ...]
    header: bool


def find_layout(text: str, *, named: str = "", sure: bool = False) -> Layout | None:
    """The layout of a table, None where the text does not look like one.

    A header counts where one of its cells is a known column name; `named` is one more such name, and its first line
    alone decides. With `sure` (the file is called .csv) the delimiter that splits the first lines most evenly is taken.
    """
    known = KNOWN_NAMES | ({named.strip().casefold()} if named else set())
    best: tuple[int, Layout] | None = None
    for delimiter in _DELIMITERS:
        first = _first_row(text, delimiter)
        hits = sum(1 for cell in first if cell.strip().casefold() in known)
        if len(first) > 1 and hits and all(len(cell) <= _NAME_CHARS for cell in first) and (best is None or hits > best[0]):
            best = hits, Layout(delimiter, tuple(cell.strip() for cell in first), True)
    if best is not None and (sure or _is_table(text, best[1], known=frozenset({*TEXT_NAMES, named.strip().casefold()}))):
        return best[1]
    lone = [cell.strip() for cell in _first_row(text, _ONE_COLUMN)]
    if len(lone) == 1 and (lone[0].casefold() in TEXT_NAMES or (named and lone[0].casefold() == named.strip().casefold())):
        return Layout(_ONE_COLUMN, (lone[0],), True)
    return _headless(text) if sure else None


def _is_table(text: str, layout: Layout, *, known: frozenset[str]) -> bool:
    """Whether a file that is not called .csv is a table: it names a text column and has even rows below its header."""
    named = any(name.casefold() in known for name in layout.names if name)
    return named and "\n" in text.strip() and _even(text, layout.delimiter)


def _headless(text: str) -> Layout:
    for delimiter in _DELIMITERS:
        first = _first_row(text, delimiter)
        if len(first) > 1 and _even(text, delimiter) and all(0 < len(cell) <= _NAME_CHARS for cell in first):
            return Layout(delimiter, tuple(cell.strip() for cell in first), True)
    return Layout(_ONE_COLUMN, (TEXT_NAMES[0],), False)


def _first_row(text: str, delimiter: str) -> list[str]:
    try:
        return next((row for row in _reader(text, delimiter) if any(cell.strip() for cell in row)), [])
    except (csv.Error, DataError):
        return []


def _even(text: str, delimiter: str) -> bool:
    try:
        widths = Counter(len(row) for row in islice(_reader(text, delimiter), _SAMPLE_ROWS) if row)
    except (csv.Error, DataError):
        return False
    width, times = widths.most_common(1)[0] if widths else (0, 0)
    return width > 1 and times >= 0.9 * widths.total()


def _reader(text: str | Iterable[str], delimiter: str) -> Iterator[list[str]]:
    lines = _Lines(text_lines(text) if isinstance(text, str) else text)
    for row in bounded_csv(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t"):
        lines.chars = 0
        yield row


class _Lines:
    """Lines as they come, none too long, and no row of too many: `chars` counts since the last row ended."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.chars += len(line)
        if len(line) > MAX_LINE_CHARS or self.chars > 2 * MAX_CELL_CHARS:
            raise DataError(
                "A row of the table is too long.",
                found="more",
                hint="look for a quote that is not closed",
                expected=f"at most {MAX_LINE_CHARS:,} characters a line, {2 * MAX_CELL_CHARS:,} a row",
            )
        return line


def bounded_csv(lines: Iterable[str], **how: Any) -> Iterator[list[str]]:
    """The rows that `csv.reader` gives; a cell of more than MAX_CELL_CHARS is its csv.Error."""
    csv.field_size_limit(MAX_CELL_CHARS)
    return csv.reader(lines, **how)


def check_width(layout: Layout, *, name: str) -> None:
    """Refuse (DataError) a table of more than MAX_COLUMNS columns."""
    if len(layout.names) > MAX_COLUMNS:
        raise DataError(
            "The table has too many columns.",
            expected=f"at most {MAX_COLUMNS:,}",
            where=name,
            found=f"{len(layout.names):,}",
            hint="keep those that hold texts and labels",
        )


def table_rows(
    lines: str | Iterable[str], *, name: str, layout: Layout
) -> Iterator[tuple[str, Mapping[str, str | None]] | Skip]:
    """(where, record) pairs of a table that is given as one text or line by line, and a Skip for each row too long."""
    check_width(layout, name=name)
    rows = _reader(lines, layout.delimiter)
    waiting, number = layout.header, 0
    columns = [(column, k) for k, column in reversed(list(enumerate(layout.names)))]  # of two with one name the first counts
    while True:
        try:
            row: list[Any] = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                "The table cannot be read further.",
                expected=f"closed quotes, and cells of at most {MAX_CELL_CHARS:,} characters",
                found=str(error),
                hint=f"look at the lines after row {number}",
                where=name,
            ) from error
        if not any(cell.strip() for cell in row):
            continue
        if waiting:
            waiting = False
            continue
        number += 1
        where = f"{name}:row {number}"
        if len(row) > len(layout.names):
            reason = f"has {len(row)} cells where the header has {len(layout.names)}"
            yield Skip(where, reason, "put texts that hold the delimiter in quotes")
            continue
        row += [None] * (len(layout.names) - len(row))
        yield where, {column: row[k] for column, k in columns}
