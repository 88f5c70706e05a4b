"""The rows of a CSV of labels, with their places, also as a spreadsheet saved it again."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import zip_longest

from rebracket_core.annotation.formats.records import Reading
from rebracket_core.corpus import MAX_COLUMNS
from rebracket_core.corpus.readers import bounded_csv, text_lines
from rebracket_core.errors import DataError
from rebracket_core.texts import field_key

LABEL_COLUMNS = ("label", "labels")
TEXT_COLUMNS = ("text", "data")
_DELIMITERS = (",", ";", "\t", "|")


def is_label_table(columns: Collection[str]) -> bool:
    """Whether these are the columns of a tool that writes a text's labels into one cell."""
    return not set(LABEL_COLUMNS).isdisjoint(columns) and not set(TEXT_COLUMNS).isdisjoint(columns)


def header_of(text: str, *, known: Collection[str]) -> list[str]:
    """The names of a CSV's columns as they are looked up; [] for JSON, an empty file, and what has no row that can be read."""
    if text.lstrip()[:1] in ("", "{", "["):
        return []
    lines = _without_sep(text)
    try:
        first = next(bounded_csv(text_lines(lines), delimiter=_delimiter(lines, known=known)), [])
    except (csv.Error, DataError):
        return []
    return [field_key(name) for name in first]


def table_rows(
    text: str, *, known: Collection[str], found: Reading, need: Callable[[Sequence[str]], None]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV with their places, a cell by its column.

    A row with more cells than the header is skipped in `found`; one without any is none.

    Args:
        text: the text of the file.
        known: the names of columns by which the sign between the cells is found.
        found: takes the rows that are skipped.
        need: given the columns' names, raises DataError where they are not those that must be there.

    Raises:
        DataError: for columns of another file, or too many.
        csv.Error: for quotes that are never closed.
    """
    lines = _without_sep(text)
    rows = bounded_csv(text_lines(lines), delimiter=_delimiter(lines, known=known), strict=True)
    spelled = {field_key(name): name for name in known}
    names = [spelled.get(field_key(name), name.strip()) for name in next(rows, [])]
    need(names)
    _check_header(names)
    for k, raw in enumerate(rows, 2):
        if not any(cell.strip() for cell in raw):
            continue
        if any(cell.strip() for cell in raw[len(names) :]):
            found.skip(f"row {k}", f"it has {len(raw)} cells, the header {len(names)}")
            continue
        cells = zip_longest(names, raw[: len(names)], fillvalue="")
        yield f"row {k}", {name: cell for name, cell in cells if name}


def _check_header(names: Sequence[str]) -> None:
    if broken := [name for name in names if "\n" in name or "\r" in name]:
        raise DataError(
            "The header of the CSV swallows the rows below it.",
            expected="names of columns on one line",
            found=f"a name over several lines: {broken[0][:60]!r}",
            hint="close the quote in the first line",
        )
    if len(names) > MAX_COLUMNS:
        raise DataError(
            "The CSV has too many columns.",
            expected=f"at most {MAX_COLUMNS:,}",
            found=f"{len(names):,}",
            hint="give the file that an export wrote",
        )


def _without_sep(text: str) -> str:
    """The text with plain line ends where it has old ones alone, without the line `sep=;` that some spreadsheets obey."""
    lines = text if "\n" in text else text.replace("\r", "\n")
    first, _, rest = lines.partition("\n")
    return rest if first.casefold().startswith("sep=") else lines


def _delimiter(text: str, *, known: Collection[str]) -> str:
    """What parts the cells of a CSV: the sign between which most of the known columns' names stand."""
    first = text.partition("\n")[0].rstrip("\r")

    def hits(delimiter: str) -> int:
        try:
            cells = next(iter(bounded_csv([first], delimiter=delimiter)), [])
        except (csv.Error, DataError):
            return 0
        return len({field_key(cell) for cell in cells} & {field_key(name) for name in known})

    return max(_DELIMITERS, key=hits)
