"""Plain text: a concept a paragraph, or a concept a line where no line is blank."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rebracket_core.corpus.sources.base import Format, Record, Skip, Unclaimed
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.texts import IGNORABLES, clean_text

_ABOUT = re.compile(r"^(?:readme|licen[cs]e|changelog|notice|contributing)\b", re.IGNORECASE)
_NO_SIGN = rf"\x00-\x08\x0e-\x1b\x7f-\x9f{IGNORABLES}"
_BLANK_LINES = re.compile(rf"\n(?:[^\S\n]|[{_NO_SIGN}])*\n[\s{_NO_SIGN}]*")
_LINE_END = re.compile(r"\n")


def split_texts(text: str) -> list[str]:
    """The texts of a file: its paragraphs, set apart by blank lines; its lines where it has one paragraph only."""
    return list(_iter_texts(text))


def _iter_texts(text: str) -> Iterator[str]:
    """The cleaned texts; only what ends a line of a file (LF, CR, CR LF) parts them, other line ends stay within a text."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    between = _BLANK_LINES if _BLANK_LINES.search(whole) else _LINE_END
    start = 0
    for gap in between.finditer(whole):
        if part := clean_text(whole[start : gap.start()]):
            yield part
        start = gap.end()
    if part := clean_text(whole[start:]):
        yield part


class PlainFormat(Format):
    """Any other text: paragraphs or lines."""

    name = "plain"
    label = "Plain text"
    help = "A concept a paragraph, or a concept a line where no line is blank."
    suffixes = (".txt", ".md")

    def sniff(self, head: Head, suffix: str) -> bool:
        """Take whatever is text."""
        return bool(head.text)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each text of the file, unlabelled."""
        text = stream.text()
        stream.check_rows(lambda: _iter_texts(text))
        parts = list(_iter_texts(text))
        unit = "each paragraph" if _BLANK_LINES.search(text.strip()) else "each line"
        stream.note(f"Plain text: {unit} was taken as a concept.")
        for number, part in enumerate(parts, start=1):
            yield Record(entry.name if len(parts) == 1 else f"{entry.name}:text {number}", text=part, origin="text")


class PipedFormat(Format):
    """Lines of standard input."""

    name = "lines"
    label = "Lines"
    help = "Standard input that is no JSON: a concept a line."

    def sniff(self, head: Head, suffix: str) -> bool:
        """Take the text of standard input."""
        return head.piped and bool(head.text)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each line that is not blank."""
        stream.check_rows(lambda: (line for line in stream.lines() if line.strip()))
        for number, line in enumerate(stream.lines(), start=1):
            if line.strip():
                yield Record(f"{entry.name}:line {number}", text=line, origin="text")


class AboutFormat(Format):
    """Pages about the files of a folder or archive."""

    name = "about"
    label = "Page about the files"
    help = "A readme, licence or Markdown page beside other files; it holds no concept."
    suffixes = (".md",)

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell such a page by its name, among other files."""
        return head.many and bool(head.text) and (suffix in self.suffixes or _ABOUT.match(head.name) is not None)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give no record, but the word what to do where the page is a concept after all."""
        yield Unclaimed(entry.name, "it is a page about the files, not a concept", "read it on its own if it is one")
