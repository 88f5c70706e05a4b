"""Tables of text: CSV with any delimiter, with or without a header."""

from __future__ import annotations

from collections.abc import Iterator

from rebracket_core.corpus.readers.columns import is_verdict_table, plan_columns
from rebracket_core.corpus.readers.delimited import check_width, find_layout, table_rows
from rebracket_core.corpus.sources.base import Format, Record, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.errors import DataError
from rebracket_core.spreadsheet import unharmed


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
        if len({name.casefold() for name in layout.names}) < len(layout.names):
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
            values = {name: cell and unharmed(cell) for name, cell in found[1].items()} if own else found[1]
            yield Record(found[0], values, values.get(plan.text), plan)
