"""One file as its format sees it: its beginning, its text, its lines, and the files beside it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any

from rebracket_core.corpus.limits import MAX_LINE_CHARS, MAX_LINES, Limits, too_many_rows
from rebracket_core.corpus.readers.columns import GROUP_NAMES, ID_NAMES, Hints
from rebracket_core.corpus.readers.decoding import Decoded, decode, text_lines
from rebracket_core.corpus.readers.json_text import begins_as_json, first_lines_are_json, is_json
from rebracket_core.corpus.readers.yaml_text import TWICE, load_yaml_documents
from rebracket_core.corpus.sources.files import DOCUMENT, Entry, FileSource
from rebracket_core.errors import DataError
from rebracket_core.parquet import FILE_MAGIC, STREAM_MAGIC

HEAD_BYTES = 1 << 20
YAML_SUFFIXES = (".yml", ".yaml")
_BLOCK_BYTES = 1 << 20
_NO_TEXT = (b"PAR1", b"PK\x03\x04", STREAM_MAGIC, FILE_MAGIC)
_YAML_KEY = re.compile(
    r"^(?:manifest_id|rainbow_color|structure|concepts|concept|texts|agent_name):(?:\s|$)", re.MULTILINE
)  # keys that make a file YAML whatever it is called
_PARTING = re.compile(r"^---(?:\s|$)", re.MULTILINE)
AS_WRITTEN = frozenset(
    {
        *GROUP_NAMES,
        *ID_NAMES,
        *(
            "category",
            "motif",
            "title",
            "agent",
            "agent_name",
            "description",
            "descriptions",
            "lyrics",
            "lyric_text",
            "lrc_file",
        ),
        *("section_name", "start_time", "end_time"),
    }
)
"""The keys under which a YAML file names something, or holds a text other than the concept."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a source: what bounds it, what the caller says of it, and where notes for people go."""

    source: FileSource
    limits: Limits
    hints: Hints
    note: Callable[[str], None]
    used: set[str] = field(default_factory=set)
    """The names of the files that belong to others and were read with them."""
    current: list[str] = field(default_factory=list)
    """The name of the file that is being read, for an error that cannot know it."""


class Head:
    """The beginning of a file, by which its format is found; what is asked of it is worked out once."""

    def __init__(self, entry: Entry, *, reading: Reading, documents: list[Any] | None = None) -> None:
        self._documents = documents
        self.name = PurePosixPath(entry.name).name
        self.suffix = entry.suffix
        self.many = reading.source.many
        self.named_as_lyrics = entry.name.casefold() in reading.source.lyrics
        self.piped = reading.source.piped
        self.text_column = reading.hints.text_column or ""
        data = entry.read(HEAD_BYTES, cut=True)
        self.data = data
        self.whole = len(data) < HEAD_BYTES
        self.yaml_note = ""
        self._entry, self._reading = entry, reading

    @cached_property
    def decoded(self) -> Decoded:
        """The beginning as text, up to the end of a line where the file goes on. Raises DataError for what is no text."""
        if self.whole:
            return decode(self.data)
        found = decode(_whole_characters(self.data))
        end = found.text.rfind("\n") + 1
        return Decoded(found.text[:end] if end else found.text, found.encoding)

    def full(self) -> Decoded:
        """The whole text, held by the caller alone. Raises DataError for what is no text and for a file that is too large."""
        most = self._reading.limits.max_file_bytes
        if self.piped:  # it is in the memory already
            most = max(most, len(self._entry.held))
        return self.decoded if self.whole and len(self.data) <= most else decode(self._entry.read(most))

    @property
    def text(self) -> str:
        """The beginning as text, "" for a file of a form that is no text. Raises DataError for other bytes."""
        return "" if self.data.startswith(_NO_TEXT) else self.decoded.text

    @cached_property
    def is_json(self) -> bool:
        """Whether the file is one JSON array or object, as far as its beginning tells."""
        return is_json(self.text) if self.whole else begins_as_json(self.text)

    @cached_property
    def is_json_lines(self) -> bool:
        """Whether the first lines are JSON, each by itself, and the whole is not."""
        return first_lines_are_json(self.text) and not self.is_json

    @property
    def yaml(self) -> Any:
        """The values of a YAML file, of its one document; None where it is none. Raises DataError as `documents` does."""
        return self.documents[self._entry.document] if self.documents else None

    @cached_property
    def documents(self) -> list[Any]:
        """The values of each document of a YAML file; none for another. Raises DataError for a broken one called .yml."""
        if self._documents is not None:
            return self._documents
        named = self.suffix in YAML_SUFFIXES
        if not self.text or not (named or _YAML_KEY.search(self.text)):
            return []
        decoded = self.full()
        self.yaml_note = decoded.note
        try:
            documents = load_yaml_documents(decoded.text, where=self._entry.name, as_written=AS_WRITTEN)
        except DataError as error:
            if named or TWICE in error.found:
                raise
            return []
        return documents if named or (documents and isinstance(documents[0], dict)) else []

    def parts(self) -> list[tuple[Entry, Head]]:
        """The file itself, or its documents where YAML holds several, each as an entry of its own."""
        documents = [] if self.data.startswith(_NO_TEXT) else self._several()
        names = [f"{self._entry.name}{DOCUMENT}{number}" for number in range(1, len(documents) + 1)]
        entries = [replace(self._entry, name=name, document=number) for number, name in enumerate(names)]
        return [(entry, Head(entry, reading=self._reading, documents=documents)) for entry in entries] or [(self._entry, self)]

    def _several(self) -> list[Any]:
        """The documents of a YAML file that holds more than one."""
        if not _PARTING.search(self.text) or self.is_json_lines:
            return []
        return self.documents if len(self.documents) > 1 else []


class Stream:
    """What a format reads of one file. Nothing is held but what it asks for; notes for people go to `note`."""

    def __init__(self, entry: Entry, *, head: Head, reading: Reading) -> None:
        self.head = head
        self.hints = reading.hints
        self.note = reading.note
        self.root = reading.source.root
        self._entry, self._reading = entry, reading
        self._limits = reading.limits

    def binary(self) -> Path | bytes:
        """The file's path where it lies on disk, else its bytes."""
        return self._entry.path or self._entry.read(self._limits.max_expanded_bytes)

    def text(self) -> str:
        """The whole text. Raises DataError for what is no text and for a file that is too large."""
        decoded = self.head.full()
        self._tell(decoded.note)
        return decoded.text

    def document(self) -> Any:
        """The values of a YAML file."""
        found = self.head.yaml
        self._tell(self.head.yaml_note)
        return found

    def lines(self) -> Iterator[str]:
        r"""The lines one by one, each with its "\n"; a file on disk in UTF-8 is never held whole."""
        path, found = self._entry.path, self._scanned
        if path is None or found is None:
            return text_lines(self.text())
        self._check_size(found)
        self._tell(f"{found.nuls} NUL characters were left out" if found.nuls else "")
        return _lines(path, where=self._entry.name)

    def check_rows(self, rows: int | Callable[[], Iterable[object]]) -> None:
        """Refuse (DataError) a file of more rows than a source may have, before one is made.

        `rows` is their number, or gives them one by one to be counted, which is done for a file of as many lines alone.
        """
        most = self._limits.max_rows
        if self._limits.long_tables:
            return
        if callable(rows):
            if (self._scanned.lines if self._scanned else self.head.full().text.count("\n")) < most:
                return
            rows = sum(1 for _ in islice(rows(), most + 1))
        if rows > most:
            raise too_many_rows(most, where=self._entry.name)

    @cached_property
    def _scanned(self) -> _Scan | None:
        """What a pass over a file shows that is read line by line; None for one that is held whole."""
        path = self._entry.path
        if path is None or self.head.whole or not self.head.decoded.encoding.startswith("utf-8"):
            return None
        found = _scan(path)
        return found if found.is_utf8 else None

    def beside(self, names: tuple[str, ...]) -> Entry | None:
        """The first file of these names in the same folder, which thereby counts as read; None where there is none."""
        found = self._reading.source.beside(self._entry, names)
        if found is not None:
            self._reading.used.add(found.name)
        return found

    def text_of(self, entry: Entry) -> str:
        """The whole text of a file that was found beside this one."""
        decoded = decode(entry.read(self._limits.max_file_bytes))
        if decoded.note:
            self.note(f"{entry.name}: {decoded.note}.")
        return decoded.text

    def _tell(self, note: str) -> None:
        if note:
            self.note(f"{self._entry.name}: {note}.")

    def _check_size(self, found: _Scan) -> None:
        if self._limits.long_tables:
            return
        most = self._limits.max_table_bytes
        if found.size > most or found.lines > MAX_LINES:
            raise DataError(
                "The file is too large." if found.size > most else "The file holds too many lines.",
                expected=f"at most {most} bytes and {MAX_LINES:,} lines",
                found=f"{found.size:,} bytes, {found.lines:,} lines",
                hint="split it, or use Parquet",
                where=self._entry.name,
            )


@dataclass(frozen=True, slots=True)
class _Scan:
    is_utf8: bool
    size: int = 0
    lines: int = 0
    nuls: int = 0


def _scan(path: Path) -> _Scan:
    """What a pass over the bytes shows; it ends where they are no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = lines = returns = nuls = 0
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                decoder.decode(block)
                size, nuls = size + len(block), nuls + block.count(b"\0")
                lines, returns = lines + block.count(b"\n"), returns + block.count(b"\r")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _Scan(False)
    return _Scan(True, size, max(lines, returns), nuls)


def _lines(path: Path, *, where: str) -> Iterator[str]:
    with open(path, encoding="utf-8-sig") as file:  # any kind of line end becomes one
        for line in _bounded_lines(file, where=where):
            yield line.replace("\0", "") if "\0" in line else line


def _bounded_lines(file: IO[str], *, where: str) -> Iterator[str]:
    """The lines of a file. Raises DataError for one that is too long to be held."""
    while line := file.readline(MAX_LINE_CHARS + 1):
        if len(line) > MAX_LINE_CHARS:
            raise DataError(
                "A line of the file is too long.",
                expected=f"at most {MAX_LINE_CHARS:,} characters",
                found="more",
                hint="write one record a line",
                where=where,
            )
        yield line


def _whole_characters(data: bytes) -> bytes:
    """The bytes without a character of UTF-8 that is cut at their end."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and "end of data" in error.reason:
            return data[: error.start]
    return data
