"""CSV in its many forms: delimiter, quoting and header are found by looking."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rebracket_core.corpus.limits import MAX_CELL_CHARS, MAX_COLUMNS, MAX_LINE_CHARS
from rebracket_core.corpus.readers.columns import KNOWN_NAMES, TEXT_NAMES
from rebracket_core.corpus.readers.decoding import text_lines
from rebracket_core.corpus.schema import Skip
from rebracket_core.errors import DataError
from rebracket_core.texts import field_key

_DELIMITERS = (",", ";", "\t", "|")
_ONE_COLUMN = "\x1f"
_SAMPLE_ROWS = 50
_NAME_CHARS = 64
_LINES_ABOVE = 20
_SEP_LINE = re.compile(r'\A\s*"?sep=(\\t|[^\n"])"?[;,\s]*?\n', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written: its delimiter, its column names, whether it has a header, and how many lines stand above it."""

    delimiter: str
    names: tuple[str, ...]
    header: bool
    above: int = 0


def find_layout(text: str, *, named: str = "", sure: bool = False) -> Layout | None:
    """The layout of a table, None where the text does not look like one.

    A header counts where one of its cells is a known column name; `named` is one more such name, and its first line
    alone decides, or the first line below a title, comments or "sep=;" that names a text column. With `sure` (the file is
    called .csv) the delimiter that splits the first lines most evenly is taken.
    """
    separator = _SEP_LINE.match(text)
    if separator:
        below = text[separator.end() :]
        found = _layout(below, named=named, sure=True, delimiters=(separator[1].replace("\\t", "\t"),))
        found = found or _below(below, named=named, sure=True) or _headless(below)
        return replace(found, above=found.above + separator[0].count("\n"))
    found = _layout(text, named=named, sure=sure) or _below(text, named=named, sure=sure)
    return found or (_headless(text) if sure else None)


def _layout(text: str, *, named: str, sure: bool, delimiters: tuple[str, ...] = _DELIMITERS) -> Layout | None:
    """The layout by the first line of a text, None where it is no header, or (without `sure`) the rows below are uneven."""
    known = KNOWN_NAMES | ({field_key(named)} if named else set())
    best: tuple[int, Layout] | None = None
    for delimiter in delimiters:
        first = _first_row(text, delimiter)
        hits = sum(1 for cell in first if field_key(cell) in known)
        if len(first) > 1 and hits and all(len(cell) <= _NAME_CHARS for cell in first) and (best is None or hits > best[0]):
            best = hits, Layout(delimiter, tuple(cell.strip() for cell in first), True)
    texts = frozenset({*TEXT_NAMES, field_key(named)})
    if best is not None and (sure or _is_table(text, best[1], known=texts)):
        return best[1]
    lone = [cell.strip() for cell in _first_row(text, _ONE_COLUMN)]
    if len(lone) == 1 and lone[0] and field_key(lone[0]) in texts:
        return Layout(_ONE_COLUMN, (lone[0],), True)
    return None


def _below(text: str, *, named: str, sure: bool) -> Layout | None:
    """The layout of a table whose header names a text column below lines that are narrower, such as a title or comments."""
    texts = frozenset({*TEXT_NAMES, *((field_key(named),) if named else ())})
    rest, widest = text, 0
    for above in range(_LINES_ABOVE):
        line, _, below = rest.partition("\n")
        for delimiter in _DELIMITERS if above else ():
            cells = [cell.strip() for cell in _first_row(line, delimiter)]
            hits = sum(1 for cell in cells if field_key(cell) in KNOWN_NAMES)
            is_header = any(field_key(cell) in texts for cell in cells) and all(len(cell) <= _NAME_CHARS for cell in cells)
            if is_header and len(cells) > max(1, widest) and (sure or hits > 1) and below.strip() and _even(rest, delimiter):
                return Layout(delimiter, tuple(cells), True, above)
        if above and sure and field_key(line.strip().strip('"')) in texts:
            return Layout(_ONE_COLUMN, (line.strip().strip('"'),), True, above)
        if not line.lstrip().startswith("#"):
            widest = max(widest, *(sum(1 for c in _first_row(line, d) if c.strip()) for d in _DELIMITERS))
        if not below:
            break
        rest = below
    return None


def _is_table(text: str, layout: Layout, *, known: frozenset[str]) -> bool:
    """Whether a file that is not called .csv is a table: it names a text column and has even rows below its header."""
    named = any(field_key(name) in known for name in layout.names if name)
    return named and "\n" in text.strip() and _even(text, layout.delimiter)


def _headless(text: str) -> Layout:
    for delimiter in _DELIMITERS:
        first = _first_row(text, delimiter)
        if len(first) > 1 and _even(text, delimiter) and all(0 < len(cell) <= _NAME_CHARS for cell in first):
            return Layout(delimiter, tuple(cell.strip() for cell in first), True)
    return Layout(_ONE_COLUMN, (TEXT_NAMES[0],), False)


def _first_row(text: str, delimiter: str) -> list[str]:
    try:
        return next((row for row in _closed_rows(text, delimiter) if any(cell.strip() for cell in row)), [])
    except (csv.Error, DataError):
        return []


def _even(text: str, delimiter: str) -> bool:
    """Whether at least nine in ten rows are as wide as most, or as the first but for empty cells at their end."""
    try:
        rows = [row for row in islice(_closed_rows(text, delimiter), _SAMPLE_ROWS) if row]
    except (csv.Error, DataError):
        return False
    if not rows:
        return False
    width, times = Counter(map(len, rows)).most_common(1)[0]
    first = len(rows[0])
    like_first = sum(len(row) >= first and not any(cell.strip() for cell in row[first:]) for row in rows)
    return (width > 1 and times >= 0.9 * len(rows)) or (first > 1 and like_first >= 0.9 * len(rows))


def _closed_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return (row for row in _Rows(text_lines(text), delimiter) if isinstance(row, list))


@dataclass(frozen=True, slots=True)
class _OpenQuote:
    """A line with a quote that opens a cell and is not closed as quotes are."""

    line: str


class _Rows:
    """The rows of a table. Where a quote swallows what follows it, its line is an _OpenQuote, and the next line is read anew.

    `lines` are the lines of the row that was given last.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, *, name: str = "") -> None:
        self._feed = _Feed(lines)
        self._how: dict[str, Any] = {"delimiter": delimiter, "skipinitialspace": delimiter != "\t"}
        self._reader = bounded_csv(self._feed, **self._how)
        self._name, self._number, self._read_again = name, 0, 0

    @property
    def lines(self) -> list[str]:
        """The lines of the row that was given last."""
        return self._feed.lines

    def __iter__(self) -> Iterator[list[str] | _OpenQuote]:
        return self

    def __next__(self) -> list[str] | _OpenQuote:
        self._feed.begin()
        try:
            row = next(self._reader)
            self._number += 1
            if not self._is_open():
                return row
            return self._broken()
        except (csv.Error, DataError) as error:
            raise DataError(
                "The table cannot be read further.",
                expected=f"closed quotes, and cells of at most {MAX_CELL_CHARS:,} characters",
                found=str(error),
                hint=f"look at the lines after row {self._number}",
                where=self._name,
            ) from error

    def _is_open(self) -> bool:
        if len(self.lines) == 1 and self.lines[0].count('"') % 2 == 0:
            return False
        try:
            list(bounded_csv(self.lines, strict=True, **self._how))
        except csv.Error:
            return True
        return False

    def _broken(self) -> _OpenQuote:
        first, *rest = self.lines
        self._read_again += sum(map(len, rest))
        if self._read_again > 2 * MAX_CELL_CHARS:
            raise DataError("Too many quotes are open.", expected="quotes that are closed", found="too many that are not")
        self._feed.again.extendleft(reversed(rest))
        self._reader = bounded_csv(self._feed, **self._how)
        return _OpenQuote(first)


class _Feed:
    """Lines as a reader of CSV asks for them, those first that are to be read again; `lines` are those since `begin`."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = _Lines(lines)
        self.again: deque[str] = deque()
        self.lines: list[str] = []

    def begin(self) -> None:
        """Begin a row."""
        self.lines = []
        self._source.chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else next(self._source)
        self.lines.append(line)
        return line


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
    lines: str | Iterable[str], *, name: str, layout: Layout, note: Callable[[str], None] = lambda text: None
) -> Iterator[tuple[str, Mapping[str, str | None]] | Skip]:
    """(where, record) pairs of a table that is given as one text or line by line, and a Skip for each row that is unclear."""
    check_width(layout, name=name)
    below = islice(text_lines(lines) if isinstance(lines, str) else lines, layout.above, None)
    reader = _Rows(below, layout.delimiter, name=name)
    waiting, number, is_reported = layout.header, 0, False
    width = len(layout.names)
    columns = [(column, k) for k, column in reversed(list(enumerate(layout.names)))]  # of two with one name the first counts
    for row in reader:
        if isinstance(row, list) and not any(cell.strip() for cell in row):
            continue
        if waiting:
            waiting = False
            continue
        number += 1
        where = f"{name}:row {number}"
        if isinstance(row, _OpenQuote):
            yield Skip(where, "opens a quote that is not closed", f"close it, or write it twice: {row.line.strip()[:80]}")
        elif any(cell.strip() for cell in row[width:]):
            reason = f"has {len(row)} cells where the header has {width}"
            yield Skip(where, reason, "put texts that hold the delimiter in quotes")
        else:
            if not is_reported and width > 1 and _may_be_rows(reader.lines[1:], layout):
                is_reported = True
                note(f"{name}: a cell holds lines that look like rows of their own ({where}); check its quotes.")
            cells: list[str | None] = [*row[:width], *[None] * (width - len(row))]
            yield where, {column: cells[k] for column, k in columns}


def _may_be_rows(lines: list[str], layout: Layout) -> bool:
    """Whether a line within a cell has as many cells as the header."""
    return any(len(line.split(layout.delimiter)) >= len(layout.names) for line in lines)
