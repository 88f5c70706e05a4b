"""Any source of the users' data → a checked frame and a report of what was taken, skipped and why."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from rebracket_core.corpus.limits import Limits
from rebracket_core.corpus.readers.decoding import decode
from rebracket_core.corpus.readers.delimited import find_layout, take_delimited
from rebracket_core.corpus.readers.intake import Hints, Intake
from rebracket_core.corpus.readers.json_rows import is_json, is_json_lines, take_json, take_json_lines, take_values
from rebracket_core.corpus.readers.lrc import LyricLine, looks_like_lrc, parse_lrc
from rebracket_core.corpus.readers.manifests import is_manifest, lyrics_names, take_manifest
from rebracket_core.corpus.readers.parquet import MAGIC, take_parquet
from rebracket_core.corpus.readers.plain import take_plain
from rebracket_core.corpus.readers.proposals import is_proposal, take_proposal, thread_of
from rebracket_core.corpus.readers.shelf import ZIP_MAGIC, Entry, Shelf, shelf_of_bytes, shelf_of_path
from rebracket_core.corpus.readers.starter import is_not_concepts, is_starter_group, take_not_concepts, take_starter_group
from rebracket_core.corpus.readers.yaml_text import load_yaml
from rebracket_core.corpus.schema import ReadReport
from rebracket_core.errors import DataError, InputError

_YAML_KEY = re.compile(r"^(?:manifest_id|rainbow_color|structure|concepts|concept|texts|agent_name):(?:\s|$)", re.MULTILINE)
_YAML_SUFFIXES = (".yml", ".yaml")
_ABOUT = re.compile(r"^(?:readme|licen[cs]e|changelog|notice|contributing)\b", re.IGNORECASE)
_DEFAULT_LIMITS = Limits()


def read_source(
    source: Path, *, group_column: str | None = None, text_column: str | None = None, limits: Limits = _DEFAULT_LIMITS
) -> tuple[pd.DataFrame, ReadReport]:
    """The rows of a file or folder (see `schema.COLUMNS`) and the report; what a file is, its content decides.

    Reads Parquet tables, song manifests with lyrics, proposals, starter groups, CSV, JSON, JSON lines, plain text and
    ZIP. A bad row or file becomes a skip. Raises DataError where the whole source gives nothing.
    """
    shelf = shelf_of_path(Path(source), limits=limits)
    return _read(shelf, hints=Hints(group_column, text_column), limits=limits)


def read_upload(
    name: str, data: bytes, *, group_column: str | None = None, text_column: str | None = None, limits: Limits = _DEFAULT_LIMITS
) -> tuple[pd.DataFrame, ReadReport]:
    """The rows of one uploaded file, as `read_source` would read it from disk; nothing is written anywhere."""
    shelf = shelf_of_bytes(name, data, limits=limits)
    return _read(shelf, hints=Hints(group_column, text_column), limits=limits)


def read_not_concepts(folder: Path, *, limits: Limits = _DEFAULT_LIMITS) -> tuple[pd.DataFrame, ReadReport]:
    """The texts that are no concepts, unlabelled, with their category as group; and the report."""
    shelf = shelf_of_path(Path(folder), limits=limits)
    into = Intake(limits, words_needed=False)
    for entry in shelf.entries:
        try:
            document = load_yaml(_text(entry, into=into), where=entry.name)
            if not is_not_concepts(document):
                raise DataError(
                    "This is no list of texts.",
                    expected="'category' and a list 'texts'",
                    where=entry.name,
                    found=type(document).__name__,
                    hint="see data/starter/not_concepts",
                )
            take_not_concepts(document, name=entry.name, into=into)
        except InputError as error:
            into.refuse(entry.name, error)
    return into.result(str(folder))


def _read(shelf: Shelf, *, hints: Hints, limits: Limits) -> tuple[pd.DataFrame, ReadReport]:
    reader = _Reader(shelf, hints=hints, into=Intake(limits))
    for name, reason in shelf.aside:
        reader.into.skip(name, reason, hint="copy it into the folder to have it read")
    for entry in shelf.entries:
        try:
            reader.take(entry)
        except InputError as error:
            reader.into.refuse(entry.name, error)
    reader.leave_lyrics()
    return reader.into.result(shelf.root)


def _text(entry: Entry, *, into: Intake) -> str:
    decoded = decode(entry.read(into.limits.max_file_bytes))
    if decoded.note:
        into.note(f"{entry.name}: {decoded.note}.")
    return decoded.text


class _Reader:
    """One pass over the files of a source."""

    def __init__(self, shelf: Shelf, *, hints: Hints, into: Intake) -> None:
        self.shelf = shelf
        self.into = into
        self._hints = hints
        self._sung: set[str] = set()
        self._lyrics: set[str] = set()

    def take(self, entry: Entry) -> None:
        """Read one file into the intake. Raises InputError where the file as a whole cannot be used."""
        head = entry.head()
        if head.startswith(MAGIC):
            source = entry.path or entry.read(self.into.limits.max_expanded_bytes)
            take_parquet(source, name=entry.name, stem=entry.stem, hints=self._hints_for(entry, known=True), into=self.into)
        elif head.startswith(ZIP_MAGIC):
            raise DataError(
                "An archive in an archive or folder is not opened.",
                expected="plain files",
                found="a ZIP file",
                hint="read it on its own",
            )
        else:
            self._take_text(entry, _text(entry, into=self.into))

    def _take_text(self, entry: Entry, text: str) -> None:
        name, stem, hints = entry.name, entry.stem, self._hints_for(entry)
        if looks_like_lrc(text):
            self._lyrics.add(name)
        elif entry.suffix == ".json" or (entry.suffix not in _YAML_SUFFIXES and is_json(text)):
            self._take_json(entry, text, hints=hints)
        elif entry.suffix in (".jsonl", ".ndjson") or is_json_lines(text):
            take_json_lines(text, name=name, stem=stem, hints=hints, into=self.into)
        elif entry.suffix in _YAML_SUFFIXES:
            self._take_yaml(entry, load_yaml(text, where=name), hints=hints)
        elif layout := find_layout(text, named=hints.text_column or "", sure=entry.suffix in (".csv", ".tsv")):
            take_delimited(text, name=name, stem=stem, layout=layout, hints=hints, into=self.into)
        elif _YAML_KEY.search(text) and (document := _yaml_or_none(text)) is not None:
            self._take_yaml(entry, document, hints=hints)
        elif self.shelf.many and (_ABOUT.match(PurePosixPath(name).name) or entry.suffix == ".md"):
            self.into.skip(name, "it is a page about the files, not a concept", hint="read it on its own if it is one")
        else:
            take_plain(text, name=name, stem=stem, hints=hints, into=self.into)

    def _hints_for(self, entry: Entry, *, known: bool = False) -> Hints:
        prefix = "" if known or not self.shelf.many else f"{entry.name}#"
        return Hints(self._hints.group_column, self._hints.text_column, prefix)

    def _take_json(self, entry: Entry, text: str, *, hints: Hints) -> None:
        if entry.suffix == ".json" and is_json_lines(text) and not is_json(text):
            take_json_lines(text, name=entry.name, stem=entry.stem, hints=hints, into=self.into)
        else:
            take_json(text, name=entry.name, stem=entry.stem, hints=hints, into=self.into)

    def _take_yaml(self, entry: Entry, document: Any, *, hints: Hints) -> None:
        name = entry.name
        if is_manifest(document):
            lines = self._lines_of(entry, document)
            take_manifest(document, name=name, stem=entry.stem, lines=lines, into=self.into)
        elif is_starter_group(document):
            take_starter_group(document, name=name, into=self.into)
        elif is_not_concepts(document):
            self.into.skip(name, "its texts are no concepts", hint="they are read by read_not_concepts")
        elif is_proposal(document):
            take_proposal(document, name=name, thread=thread_of(name, root=self.shelf.root), into=self.into)
        elif isinstance(document, list):
            values = [(f"{name}:row {k}", v) for k, v in enumerate(document, start=1)]
            take_values(values, name=name, stem=entry.stem, hints=hints, into=self.into)
        else:
            keys = islice(filter(lambda key: isinstance(key, str), document), 20) if isinstance(document, dict) else ()
            found = ", ".join(keys)[:200] or type(document).__name__
            raise DataError(
                "This YAML holds no concept.",
                expected="a manifest, a proposal, a group of concepts or a list",
                found=found,
                hint="give it a field 'concept'",
            )

    def _lines_of(self, entry: Entry, document: dict[str, Any]) -> list[LyricLine]:
        folder = PurePosixPath(entry.name).parent.name or self.shelf.root
        found = self.shelf.beside(entry, lyrics_names(document, stem=entry.stem, folder=folder))
        if found is None:
            if document.get("lrc_file"):
                self.into.note("Some songs name a lyrics file that is not there; they have no lyrics.")
            return []
        self._sung.add(found.name)
        try:
            return parse_lrc(_text(found, into=self.into))
        except DataError as error:
            self.into.refuse(found.name, error)
            return []

    def leave_lyrics(self) -> None:
        """Record each lyrics file that belongs to no manifest as a skip."""
        for name in sorted(self._lyrics - self._sung):
            self.into.skip(name, "these are lyrics without a song", hint="put the song's manifest beside them")


def _yaml_or_none(text: str) -> Any:
    """The document where the text is YAML of a mapping, None where it is plain text that only looks like it."""
    try:
        document = load_yaml(text)
    except DataError:
        return None
    return document if isinstance(document, dict) else None
