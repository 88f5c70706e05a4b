"""Concepts one after another, however large their source: what is held is the row at hand, never the file."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from rebracket_core.corpus.limits import MAX_LINE_CHARS, Limits
from rebracket_core.corpus.readers.delimited import find_layout, records
from rebracket_core.corpus.readers.json_rows import json_lines
from rebracket_core.corpus.readers.parquet import MAGIC
from rebracket_core.corpus.readers.shelf import Entry, Shelf, shelf_of_path
from rebracket_core.errors import DataError, InputError
from rebracket_core.scoring.concepts import STDIN, Collector, Concept, take_entry, take_pairs, take_parquet

_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv")
_HEAD_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20
_NOTES_KEPT = 100


def iter_concepts(sources: Sequence[Path | str], *, max_text_chars: int = 100_000) -> Iterator[Concept]:
    """The concepts that `read_concepts` gives, in the same order, without holding them.

    Parquet, and JSON lines and CSV in UTF-8, are read row by row; any other file is small enough to be read whole. Ids
    stand as in the source: to number those that repeat, all would have to be remembered.
    """
    into = _Passing(Limits(max_text_chars=max_text_chars))
    for source in sources:
        into.given, into.inner = str(source), False
        shelf = _shelf(source, limits=into.limits)
        into.inner = shelf.many
        for entry in shelf.entries:
            for _ in _steps(entry, many=shelf.many, into=into):
                yield from into.passed()
            yield from into.passed()


@dataclass(frozen=True, slots=True)
class SourcePrint:
    """What some sources are: how many files and bytes, and a SHA-256 of all names and contents."""

    files: int
    size: int
    digest: str


def print_of(sources: Sequence[Path | str]) -> SourcePrint:
    """The print of files and folders, by which one sees that they are the same as before."""
    total, files, size = hashlib.sha256(), 0, 0
    for source in sources:
        path = Path(source)
        shelf = _shelf(source, limits=Limits())
        entries = shelf.entries if path.is_dir() else (Entry(path.name, path=path),)
        for entry in entries:
            content, length = _digest(entry.path or path)
            total.update(f"{entry.name}\0{length}\0{content}\n".encode("utf-8", "surrogatepass"))
            files, size = files + 1, size + length
    return SourcePrint(files, size, total.hexdigest())


class _Passing(Collector):
    """A collector that hands concepts on at once; notes are bounded, ids are left as they are."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._count = 0
        self._ready: list[Concept] = []

    def __len__(self) -> int:
        return self._count

    def keep(self, concept: Concept) -> None:
        self._count += 1
        self._ready.append(replace(concept, source=self._place(concept.source)))

    def note(self, text: str) -> None:
        if text in self._notes or len(self._notes) < _NOTES_KEPT:
            super().note(text)

    def passed(self) -> list[Concept]:
        """The concepts that were kept since it was asked last."""
        ready, self._ready = self._ready, []
        return ready


def _shelf(source: Path | str, *, limits: Limits) -> Shelf:
    if str(source) == STDIN:
        raise InputError(
            "Standard input cannot be read twice.", expected="files or folders", found="-", hint="save it as a file first"
        )
    return shelf_of_path(Path(source), limits=limits)


def _steps(entry: Entry, *, many: bool, into: _Passing) -> Iterator[None]:
    """One None whenever something may have been kept of the file."""
    flowing = _flowing(entry, into=into)
    if flowing is None:
        take_entry(entry, many=many, into=into)
        return
    before = len(into)
    try:
        yield from flowing
    except InputError as error:
        into.refuse(entry.name, error)
    if len(into) == before:
        into.skip(entry.name, "holds no concept", hint="give it at least one text")


def _flowing(entry: Entry, *, into: _Passing) -> Iterator[None] | None:
    """The file row by row, or None where it has to be read whole."""
    if entry.path is None:
        return None
    if entry.head().startswith(MAGIC):
        return take_parquet(entry, into=into)
    if entry.suffix not in (*_LINES, *_TABLES) or not _is_utf8(entry.path):
        return None
    lines = _lines(entry.path)
    if entry.suffix in _LINES:
        return take_pairs(json_lines(lines, name=entry.name, into=into), name=entry.name, into=into)
    layout = find_layout(_head(entry.path), sure=True)
    if layout is None:
        return None
    return take_pairs(records(lines, name=entry.name, layout=layout, into=into), name=entry.name, into=into, table=True)


def _lines(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8-sig") as file:  # any kind of line end becomes one
        for line in _cut_lines(file, where=path.name):
            yield line.replace("\0", "")


def _cut_lines(file: IO[str], *, where: str) -> Iterator[str]:
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


def _head(path: Path) -> str:
    """The first whole lines of a file."""
    with open(path, encoding="utf-8-sig") as file:
        text = file.read(_HEAD_BYTES).replace("\0", "")
    return text if len(text) < _HEAD_BYTES else text[: text.rfind("\n") + 1] or text


def _is_utf8(path: Path) -> bool:
    """Whether the file is text in UTF-8 from its first to its last byte, and not empty."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    empty = True
    try:
        for block in _blocks(path):
            empty = empty and not block.strip()
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return not empty


def _digest(path: Path) -> tuple[str, int]:
    found, size = hashlib.sha256(), 0
    for block in _blocks(path):
        found.update(block)
        size += len(block)
    return found.hexdigest(), size


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block
    except OSError as error:
        raise DataError(
            "The file cannot be read.",
            expected="a readable file",
            found=str(error)[:200],
            hint="check its rights",
            where=str(path),
        ) from error
