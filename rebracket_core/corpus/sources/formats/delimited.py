"""Tables of text: CSV with any delimiter, with or without a header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rebracket_core.corpus.readers.columns import is_verdict_table, plan_columns
from rebracket_core.corpus.readers.delimited import check_width, find_layout, table_rows
from rebracket_core.corpus.sources.base import Format, Record, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.errors import DataError
from rebracket_core.spreadsheet import unharmed
from rebracket_core.texts import field_key

_NAME_CHARS = 60


class DelimitedFormat(Format):
    """A table whose cells are set apart by comma, semicolon, tab or bar, read row by row."""

    name = "csv"
    label = "CSV"
    help = "A table with a text column; the delimiter is found by looking, files of any length are read row by row."
    suffixes = (".csv", ".tsv")

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell a table by its name, or by its header and the even rows below it."""
        return find_layout(head.text, named=head.text_column, sure=suffix in self.suffixes) is not None

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each row, and a Skip for one with more cells than the header. Raises DataError without a text column."""
        layout = find_layout(stream.head.text, named=stream.head.text_column, sure=entry.suffix in self.suffixes)
        if layout is None:
            raise DataError("The table has no layout.", expected="rows of cells", found="none", where=entry.name)
        check_width(layout, name=entry.name)
        if len({field_key(name) for name in layout.names}) < len(layout.names):
            stream.note("Two columns have the same name; the first is used.")
        if layout.above:
            stream.note(f"{entry.name}: {layout.above} lines above the header were left out.")
        if not layout.header:
            stream.note("The file has one column and no header; each line was taken as a text.")
        plan = plan_columns(layout.names, hints=stream.hints, where=entry.name)
        stream.check_rows(lambda: table_rows(stream.lines(), name=entry.name, layout=layout))
        own = is_verdict_table(layout.names)  # written by Rebracket, with an apostrophe where a spreadsheet sees a formula
        for found in table_rows(stream.lines(), name=entry.name, layout=layout, note=stream.note):
            if isinstance(found, Skip):
                yield found
                continue
            if layout.header and _is_header(found[1], text=plan.text):
                stream.note(f"{entry.name}: a header that stands again among the rows was left out.")
                continue
            values = {name: cell and unharmed(cell) for name, cell in found[1].items()} if own else found[1]
            yield Record(found[0], values, values.get(plan.text), plan)


def _is_header(row: Mapping[str, str | None], *, text: str) -> bool:
    """Whether a row is the header once more, as in tables that were put one below the other."""
    cell = row.get(text)
    if not cell or len(cell) > _NAME_CHARS or field_key(cell) != field_key(text):
        return False
    return all(field_key(cell or "") == field_key(name) for name, cell in row.items() if name)
