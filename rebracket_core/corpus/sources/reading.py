"""The doors: every source goes the same way, files to records, and the records into a data set or to concepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

import pandas as pd

from rebracket_core.corpus.concept import Concept
from rebracket_core.corpus.limits import Limits, SourceTooLarge, TextBudget, too_many_rows
from rebracket_core.corpus.readers.columns import Hints
from rebracket_core.corpus.row_vectors import FieldVectors
from rebracket_core.corpus.schema import ReadReport, Skip
from rebracket_core.corpus.sources.base import File, Format, Record, Unclaimed, skip_of
from rebracket_core.corpus.sources.files import (
    ZIP_MAGIC,
    Entry,
    FileSource,
    readable_name,
    source_of_bytes,
    source_of_path,
    source_of_stdin,
)
from rebracket_core.corpus.sources.formats import FORMATS, known_suffixes
from rebracket_core.corpus.sources.formats.manifest import named_lyrics
from rebracket_core.corpus.sources.hub_layout import choose_part, descriptions
from rebracket_core.corpus.sources.sinks.concepts import ConceptSink, ConceptsRead
from rebracket_core.corpus.sources.sinks.dataset import DatasetSink
from rebracket_core.corpus.sources.stream import HEAD_BYTES, YAML_SUFFIXES, Head, Reading, Stream
from rebracket_core.errors import DataError, InputError

STDIN = "-"
_DEFAULT_LIMITS = Limits()
_MAX_TEXT_CHARS = _DEFAULT_LIMITS.max_text_chars
Found = tuple[File, "Record | Skip"]
Result = TypeVar("Result")


# ---- into a data set --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowsRead:
    """The rows of a source, the report, and the columns of vectors that stood beside the texts."""

    frame: pd.DataFrame
    report: ReadReport
    vectors: tuple[FieldVectors, ...] = ()


def read_rows(source: Path, *, hints: Hints, limits: Limits = _DEFAULT_LIMITS) -> RowsRead:
    """The rows of a file or folder as `read_source` gives them, read as the hints say, with the vectors that they ask for."""
    current: list[str] = [Path(source).name]
    into = DatasetSink(limits, hints=hints)
    frame, report = _within_memory(
        lambda: _dataset(source_of_path(Path(source), limits=limits), into=into, hints=hints, current=current), current
    )
    return RowsRead(frame, report, into.vectors)


def read_rows_upload(name: str, data: bytes, *, hints: Hints, limits: Limits = _DEFAULT_LIMITS) -> RowsRead:
    """The same for one uploaded file; nothing is written anywhere."""
    into = DatasetSink(limits, hints=hints)
    frame, report = _dataset(source_of_bytes(name, data, limits=limits), into=into, hints=hints)
    return RowsRead(frame, report, into.vectors)


def read_source(
    source: Path, *, group_column: str | None = None, text_column: str | None = None, limits: Limits = _DEFAULT_LIMITS
) -> tuple[pd.DataFrame, ReadReport]:
    """The rows of a file or folder (see `schema.COLUMNS`) and the report; what a file is, its content decides.

    Every registered format is read (see `sources.formats`). A bad record or file becomes a skip. Raises DataError where
    the whole source gives nothing.
    """
    found = read_rows(source, hints=Hints(group_column, text_column), limits=limits)
    return found.frame, found.report


def read_upload(
    name: str, data: bytes, *, group_column: str | None = None, text_column: str | None = None, limits: Limits = _DEFAULT_LIMITS
) -> tuple[pd.DataFrame, ReadReport]:
    """The rows of one uploaded file, as `read_source` would read it from disk; nothing is written anywhere."""
    found = read_rows_upload(name, data, hints=Hints(group_column, text_column), limits=limits)
    return found.frame, found.report


def read_not_concepts(folder: Path, *, limits: Limits = _DEFAULT_LIMITS) -> tuple[pd.DataFrame, ReadReport]:
    """The texts that are no concepts, unlabelled, with their category as group; and the report.

    Behind the columns of a data set stands `hard`: whether the file marks its texts as like concepts on the surface (prose
    and verse). Such texts measure what is refused; nothing is fitted to them.
    """
    into = DatasetSink(limits, only="not_concepts", marks=("hard",))
    return _dataset(source_of_path(Path(folder), limits=limits), into=into, hints=Hints(), label=str(folder))


def _within_memory(work: Callable[[], Result], current: list[str]) -> Result:
    """What the work gives. Raises SourceTooLarge, naming the file that was being read, where the memory ends."""
    try:
        return work()
    except MemoryError:
        pass  # what it held is let go before anything else is made
    raise SourceTooLarge(
        "There is not enough memory to read the file.",
        expected="less than the memory that is free",
        found="more",
        hint="split it, or write it again as JSON lines or CSV",
        where=readable_name(current[0]) if current else "",
    )


def _dataset(
    source: FileSource, *, into: DatasetSink, hints: Hints, label: str = "", current: list[str] | None = None
) -> tuple[pd.DataFrame, ReadReport]:
    source, note = choose_part(source, config=hints.config, split=hints.split)
    if note:
        into.note(note)
    reading = Reading(source, into.limits, hints, into.note, current=[] if current is None else current)
    for file, found in records_of(reading):
        into.take(file, found)
    return into.result(label or source.root)


# ---- to concepts ------------------------------------------------------------------------------------------------------


def read_concepts(
    sources: Sequence[Path | str],
    *,
    max_text_chars: int = _MAX_TEXT_CHARS,
    text_column: str | None = None,
    vectors: bool = False,
) -> ConceptsRead:
    """The concepts of files, folders and archives; "-" is standard input, one concept a line or JSON lines.

    `text_column` names the field or column that holds the texts where it has another name; with `vectors` those that stand
    beside the texts are read too. Nothing raises for what a source holds but more rows or text than are read at once: an
    unreadable source, file or record is a Concept with an `error`.
    """
    sink = ConceptSink(Limits(max_text_chars=max_text_chars), hints=Hints(text_column=text_column, vectors=vectors))
    found = (c for source in sources for c in _concepts_of(source, sink=sink))
    return _within_memory(lambda: _numbered(found, sink=sink), sink.current)


def read_concepts_upload(
    name: str, data: bytes, *, max_text_chars: int = _MAX_TEXT_CHARS, text_column: str | None = None, vectors: bool = False
) -> ConceptsRead:
    """The concepts of one uploaded file, as `read_concepts` would read it from disk; nothing is written anywhere."""
    sink = ConceptSink(Limits(max_text_chars=max_text_chars), hints=Hints(text_column=text_column, vectors=vectors))
    found = _guarded(name, lambda: source_of_bytes(name, data, limits=sink.limits), sink=sink)
    return _numbered(found, sink=sink)


def iter_concepts(
    sources: Sequence[Path | str],
    *,
    max_text_chars: int = _MAX_TEXT_CHARS,
    text_column: str | None = None,
    vectors: bool = False,
) -> Iterator[Concept]:
    """The concepts that `read_concepts` gives, in the same order, without holding them; tables may be of any length.

    Ids stand as in the source: to number those that repeat, all would have to be remembered. Raises InputError for
    standard input, which cannot be read twice, and DataError for a source that cannot be opened.
    """
    hints = Hints(text_column=text_column, vectors=vectors)
    sink = ConceptSink(Limits(max_text_chars=max_text_chars, long_tables=True), hints=hints)
    for given in sources:
        source = path_source(given, limits=sink.limits)
        yield from _made(
            records_of(Reading(source, sink.limits, sink.hints, sink.note, current=sink.current), given=str(given)), sink=sink
        )
        sink.skipped.clear()


def path_source(given: Path | str, *, limits: Limits) -> FileSource:
    """The files of a path that is read more than once. Raises InputError for standard input."""
    if str(given) == STDIN:
        raise InputError(
            "Standard input cannot be read twice.", expected="files or folders", found="-", hint="save it as a file first"
        )
    return source_of_path(Path(given), limits=limits)


def _concepts_of(given: Path | str, *, sink: ConceptSink) -> Iterator[Concept]:
    if str(given) == STDIN:
        return _guarded("stdin", lambda: source_of_stdin(limits=sink.limits), sink=sink)
    return _guarded(str(given), lambda: source_of_path(Path(given), limits=sink.limits), sink=sink)


def _guarded(given: str, opened: Callable[[], FileSource], *, sink: ConceptSink) -> Iterator[Concept]:
    name = PurePosixPath(given.replace("\\", "/")).name or given
    try:
        source = opened()
    except InputError as error:
        return _made([(File(Entry(name), None, given), skip_of(error, where=name))], sink=sink)
    if not source.entries:
        nothing = Skip(name, "holds no file", "give a file or folder with at least one concept")
        return _made([(File(Entry(name), None, given), nothing)], sink=sink)
    return _made(records_of(Reading(source, sink.limits, sink.hints, sink.note, current=sink.current), given=given), sink=sink)


def _made(records: Iterable[Found], *, sink: ConceptSink) -> Iterator[Concept]:
    for file, found in records:
        concept = sink.concept(file, found)
        if concept is not None:
            yield concept


def _numbered(concepts: Iterable[Concept], *, sink: ConceptSink) -> ConceptsRead:
    """All concepts, each under an id that no other has: a repeated one is numbered and noted."""
    kept: list[Concept] = []
    seen: dict[str, int] = {}
    budget = TextBudget(sink.limits)
    for concept in concepts:
        if len(kept) >= sink.limits.max_rows:
            raise too_many_rows(sink.limits.max_rows, where=concept.source)
        for text in (concept.text, *concept.fields.values()):
            budget.take(text, where=concept.source)
        number = seen[concept.id] = seen.get(concept.id, 0) + 1
        if number > 1:
            sink.note("Some ids repeat; the later ones were numbered (#2, #3, ...).")
            concept = replace(concept, id=f"{concept.id}#{number}")
            seen.setdefault(concept.id, 1)
        kept.append(concept)
    failed = [Skip(c.source, c.error) for c in kept if c.error is not None]
    report = ReadReport(len(kept) - len(failed), (*failed, *sink.skipped), sink.notes())
    return ConceptsRead(tuple(kept), report)


# ---- files to records -------------------------------------------------------------------------------------------------


def records_of(reading: Reading, *, given: str = "") -> Iterator[Found]:
    """Each record of a source with its file, and a Skip for each that cannot be read, one by one in the order of the files.

    A file as a whole that cannot be read or holds nothing is one Skip. Nothing raises for what a file holds.
    """
    source = reading.source
    if source.many and (named := _named_lyrics(source)):
        source = replace(source, lyrics=named)
        reading = replace(reading, source=source)
    given = readable_name(given)
    for where, reason in source.skipped:
        file = File(Entry(where), None, given, source.many)
        yield file, Unclaimed(where, reason, "copy it into the folder to have it read")
    companions: list[Found] = []
    described = descriptions(source)
    for entry in source.entries:
        if entry.name in described:
            continue
        for file, found in _records_of_file(entry, reading=reading, given=given):
            if file.format is not None and file.format.companion:
                companions.append((file, found))
            else:
                yield file, found
    yield from (pair for pair in companions if pair[0].entry.name not in reading.used)


def _named_lyrics(source: FileSource) -> frozenset[str]:
    """The files of a folder or archive that a YAML file among them names as its lyrics; one that cannot be read names none."""
    found: set[str] = set()
    for entry in source.entries:
        if entry.suffix in YAML_SUFFIXES:
            try:
                names = named_lyrics(entry.read(HEAD_BYTES, cut=True))
            except DataError:
                continue  # it is named when its records are asked for
            lying = (source.beside(entry, (name,)) for name in names)
            found.update(lyrics.name.casefold() for lyrics in lying if lyrics is not None)
    return frozenset(found)


def _records_of_file(entry: Entry, *, reading: Reading, given: str) -> Iterator[Found]:
    many = reading.source.many
    reading.current[:] = [entry.name]
    file, empty = File(entry, None, given, many), True
    try:
        head = Head(entry, reading=reading)
        parts = head.parts()
        while parts:
            entry, head = parts.pop(0)
            format_ = format_of(head)
            file = File(entry, format_, given, many)
            for found in format_.records(Stream(entry, head=head, reading=reading), entry):
                empty = False
                yield file, found
    except InputError as error:
        skip = skip_of(error, where=entry.name)
        unclaimed = many and entry.suffix not in known_suffixes()
        yield file, Unclaimed(skip.where, skip.reason, skip.hint) if unclaimed else skip
        return
    if empty:
        yield file, Skip(entry.name, "holds no concept", "give it at least one text")


def format_of(head: Head) -> Format:
    """The first format that knows the file. Raises DataError for an archive within a source, and where none does."""
    found = next((format_ for format_ in FORMATS if format_.sniff(head, head.suffix)), None)
    if found is not None:
        return found
    if head.data.startswith(ZIP_MAGIC):
        raise DataError(
            "An archive in an archive or folder is not opened.",
            expected="plain files",
            found="a ZIP file",
            hint="read it on its own",
        )
    raise DataError(
        "No format knows the file.",
        expected=", ".join(format_.label for format_ in FORMATS),
        found=repr(head.data[:16]),
        hint="export it as text or CSV",
    )
