"""Files, folders, archives, uploads and standard input → concepts to be judged, in input order.

A reader of the corpus leaves out what it cannot learn from. Here nothing is left out in silence: a text with a strange
label is still a concept, and what cannot be read is a concept with an `error`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from rebracket_core.corpus.limits import Limits
from rebracket_core.corpus.readers.columns import ColumnPlan, iter_where, plan_columns, row_ids
from rebracket_core.corpus.readers.decoding import decode
from rebracket_core.corpus.readers.delimited import Layout, find_layout
from rebracket_core.corpus.readers.delimited import records as delimited_records
from rebracket_core.corpus.readers.intake import Intake
from rebracket_core.corpus.readers.json_rows import LIST_KEYS, is_json, is_json_lines, json_lines, load_json
from rebracket_core.corpus.readers.labels import missing, read_album
from rebracket_core.corpus.readers.lrc import looks_like_lrc
from rebracket_core.corpus.readers.manifests import is_manifest
from rebracket_core.corpus.readers.parquet import MAGIC, iter_records, open_parquet
from rebracket_core.corpus.readers.plain import split_texts
from rebracket_core.corpus.readers.shelf import ZIP_MAGIC, Entry, Shelf, shelf_of_bytes, shelf_of_path
from rebracket_core.corpus.readers.starter import is_not_concepts, is_starter_group
from rebracket_core.corpus.readers.yaml_text import load_yaml
from rebracket_core.corpus.schema import ReadReport, Skip
from rebracket_core.errors import DataError, InputError
from rebracket_core.texts import clean_text
from rebracket_core.validation import Concept
from rebracket_core.validation.usable import unusable

STDIN = "-"
_SHOWN_CHARS = 200
_YAML_SUFFIXES = (".yml", ".yaml")
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_TEXT_SUFFIXES = frozenset({*_YAML_SUFFIXES, *_JSON_SUFFIXES, ".txt", ".md", ".csv", ".tsv", ".parquet"})
_PLANS_KEPT = 1000
_PLAN_FIELDS = 200
_YAML_KEY = re.compile(r"^(?:manifest_id|rainbow_color|concepts|concept|texts):(?:\s|$)", re.MULTILINE)
_ABOUT = re.compile(r"^(?:readme|licen[cs]e|changelog|notice|contributing)\b", re.IGNORECASE)
_ROW = re.compile(r":(?:row|line|text|concept) (\d+)$")
_ORIGIN = "\x00origin"
_FIELDS = ("title", "agent", "group", "descriptions", "lyrics")
_TELLING_ORIGINS = frozenset({"songs", "proposals", "starter"})
Pairs = Iterable[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class ConceptsRead:
    """The concepts of some sources in input order, and the report: how many can be judged, what was left out, notes."""

    concepts: tuple[Concept, ...]
    report: ReadReport

    @property
    def usable(self) -> tuple[Concept, ...]:
        """The concepts that can be judged."""
        return tuple(concept for concept in self.concepts if concept.error is None)


def read_concepts(sources: Sequence[Path | str], *, max_text_chars: int = 100_000) -> ConceptsRead:
    """The concepts of files, folders and archives; "-" is standard input, one concept a line or JSON lines.

    Nothing raises for what a source holds: an unreadable source, file or row is a Concept with an `error`.
    """
    into = Collector(Limits(max_text_chars=max_text_chars))
    for source in sources:
        if str(source) == STDIN:
            _take_stdin(into)
        else:
            into.given = str(source)
            take_guarded(into, lambda given=Path(source): shelf_of_path(given, limits=into.limits))
    return into.read()


def read_concepts_upload(name: str, data: bytes, *, max_text_chars: int = 100_000) -> ConceptsRead:
    """The concepts of one uploaded file, as `read_concepts` would read it from disk; nothing is written anywhere."""
    into = Collector(Limits(max_text_chars=max_text_chars))
    into.given = name
    take_guarded(into, lambda: shelf_of_bytes(name, data, limits=into.limits))
    return into.read()


class Collector(Intake):
    """Where the rows go: concepts instead of training rows, errors instead of skips."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.given = ""
        self.inner = True
        self._concepts: list[Concept] = []
        self._aside: list[Skip] = []
        self._seen: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._concepts)

    def skip(self, where: str, reason: str, *, hint: str = "") -> None:
        """Keep what cannot be read as a concept with an error."""
        said = f"{reason[:1].upper()}{reason[1:]}" + (f"; {hint}" if hint else "")
        self.keep(Concept(_id_of(where), "", where, error=said))

    def aside(self, where: str, reason: str) -> None:
        """Record a file that is no concept and does not claim to be one."""
        self._aside.append(Skip(self._place(where), reason, "name it alone if it is a concept"))

    def keep(self, concept: Concept) -> None:
        """Keep a concept under an id that no other has; a repeated one is numbered and noted."""
        if len(self._concepts) >= self.limits.max_rows:
            raise DataError(
                "The source holds too many concepts.",
                expected=f"at most {self.limits.max_rows}",
                found="more",
                hint="split it, or judge it with --parts",
                where=self.given,
            )
        number = self._seen[concept.id] = self._seen.get(concept.id, 0) + 1
        concept_id = concept.id if number == 1 else f"{concept.id}#{number}"
        if number > 1:
            self.note("Some ids repeat; the later ones were numbered (#2, #3, ...).")
            self._seen.setdefault(concept_id, 1)
        self._concepts.append(replace(concept, id=concept_id, source=self._place(concept.source)))

    def _place(self, where: str) -> str:
        if not self.inner:
            return f"{self.given}{where[match.start() :] if (match := _ROW.search(where)) else ''}"
        return f"{self.given.rstrip('/')}/{where}"

    def read(self) -> ConceptsRead:
        """All that was collected."""
        failed = [Skip(c.source, c.error) for c in self._concepts if c.error is not None]
        notes = tuple(text if n == 1 else f"{text} ({n} times)" for text, n in self._notes.items())
        taken = len(self._concepts) - len(failed)
        return ConceptsRead(tuple(self._concepts), ReadReport(taken, (*failed, *self._aside), notes))


def _id_of(where: str) -> str:
    return _ROW.sub(r"#\1", where)


def _take_stdin(into: Collector) -> None:
    into.given, into.inner = "stdin", False
    data = sys.stdin.buffer.read()
    if data.startswith((MAGIC, ZIP_MAGIC)):
        take_guarded(into, lambda: shelf_of_bytes("stdin", data, limits=into.limits))
        return
    try:
        text = decode(data).text
    except InputError as error:
        into.refuse("stdin", error)
        return
    if is_json_lines(text) or is_json(text):
        _run(take_pairs(_json_pairs(text, name="stdin", into=into), name="stdin", into=into))
    else:
        lines = ((f"stdin:line {k}", line) for k, line in enumerate(text.split("\n"), start=1) if line.strip())
        _run(take_pairs(lines, name="stdin", into=into))


def take_guarded(into: Collector, open_shelf: Any) -> None:
    into.inner = False
    name = PurePosixPath(into.given.replace("\\", "/")).name or into.given
    try:
        shelf: Shelf = open_shelf()
    except InputError as error:
        into.refuse(name, error)
        return
    into.inner = shelf.many
    for where, reason in shelf.aside:
        into.aside(where, reason)
    if not shelf.entries:
        into.skip(name, "holds no file", hint="give a file or folder with at least one concept")
    for entry in shelf.entries:
        take_entry(entry, many=shelf.many, into=into)


def take_entry(entry: Entry, *, many: bool, into: Collector) -> None:
    """Nothing; puts the concepts of one file into the collector, or one error that says why there are none."""
    before = len(into)
    try:
        if not _take(entry, many=many, into=into):
            return
    except InputError as error:
        if many and entry.suffix not in _TEXT_SUFFIXES:
            into.aside(entry.name, error.message.rstrip("."))
            return
        into.refuse(entry.name, error)
    if len(into) == before:
        into.skip(entry.name, "holds no concept", hint="give it at least one text")


def _take(entry: Entry, *, many: bool, into: Collector) -> bool:
    """Whether the file was read as concepts; False where it is a file of another kind, which is recorded."""
    head = entry.head()
    if head.startswith(MAGIC):
        _run(take_parquet(entry, into=into))
        return True
    if head.startswith(ZIP_MAGIC):
        raise DataError(
            "An archive in an archive or folder is not opened.",
            expected="plain files",
            found="a ZIP file",
            hint="name it alone",
        )
    decoded = decode(entry.read(into.limits.max_file_bytes))
    if decoded.note:
        into.note(f"{entry.name}: {decoded.note}.")
    text, name = decoded.text, PurePosixPath(entry.name).name
    if many and looks_like_lrc(text):
        into.aside(entry.name, "these are lyrics, not a concept")
        return False
    if many and (_ABOUT.match(name) or entry.suffix == ".md"):
        into.aside(entry.name, "it is a page about the files, not a concept")
        return False
    if layout := _layout_of(entry, text):
        rows = delimited_records(text, name=entry.name, layout=layout, into=into)
        _run(take_pairs(rows, name=entry.name, into=into, table=True))
    else:
        _run(take_pairs(_pairs(entry, text, into=into), name=entry.name, into=into))
    return True


def _run(steps: Iterator[None]) -> None:
    for _ in steps:
        pass


def _is_json(entry: Entry, text: str) -> bool:
    if entry.suffix in _JSON_SUFFIXES:
        return True
    return entry.suffix not in _YAML_SUFFIXES and (is_json_lines(text) or is_json(text))


def _layout_of(entry: Entry, text: str) -> Layout | None:
    if entry.suffix in _YAML_SUFFIXES or _is_json(entry, text):
        return None
    return find_layout(text, sure=entry.suffix in (".csv", ".tsv"))


def _pairs(entry: Entry, text: str, *, into: Collector) -> Pairs:
    """The (where, record or text) pairs of a file that is no table; what it is, its content decides."""
    name = entry.name
    if _is_json(entry, text):
        return _json_pairs(text, name=name, into=into, lines=entry.suffix in _JSON_SUFFIXES[1:])
    if entry.suffix in _YAML_SUFFIXES:
        return _yaml_pairs(load_yaml(text, where=name), name=name)
    if _YAML_KEY.search(text) and isinstance(document := _yaml_or_none(text), Mapping):
        return _yaml_pairs(document, name=name)
    texts = split_texts(text)
    return [(name if len(texts) == 1 else f"{name}:text {k}", part) for k, part in enumerate(texts, start=1)]


def _json_pairs(text: str, *, name: str, into: Collector, lines: bool = False) -> Pairs:
    if lines or (is_json_lines(text) and not is_json(text)):
        return json_lines(text, name=name, into=into)
    document = load_json(text, where=name)
    if isinstance(document, Mapping):
        inner = next((document[key] for key in LIST_KEYS if isinstance(document.get(key), list)), None)
        if inner is None:
            return [(name, document)]
        document = inner
    return _list_pairs(document, name=name)


def _yaml_pairs(document: Any, *, name: str) -> Pairs:
    if is_starter_group(document):
        common = {"title": document.get("motif"), "group": document.get("group"), _ORIGIN: "starter"}
        return [
            (f"{name}:concept {k}", {**common, **item} if isinstance(item, Mapping) else item)
            for k, item in enumerate(document["concepts"], start=1)
        ]
    if is_not_concepts(document):
        return [(f"{name}:text {k}", item) for k, item in enumerate(document["texts"], start=1)]
    if is_manifest(document):
        return [(name, _song(document))]
    if isinstance(document, Mapping):
        return [(name, {**document, _ORIGIN: "proposals"} if "rainbow_color" in document else document)]
    return _list_pairs(document, name=name)


def _song(document: Mapping[str, Any]) -> dict[str, Any]:
    """A song's manifest as one record: every section has the same concept, so the song is judged once."""
    sections = document.get("structure")
    told = [s.get("description") for s in sections if isinstance(s, Mapping)] if isinstance(sections, list) else []
    return {**{k: v for k, v in document.items() if k != "lyrics"}, "descriptions": told, _ORIGIN: "songs"}


def _list_pairs(document: Any, *, name: str) -> Pairs:
    if not isinstance(document, list):
        raise DataError(
            "The file holds no concept.",
            expected="records or a list of texts",
            where=name,
            found=type(document).__name__,
            hint="give it a field 'concept'",
        )
    return [(f"{name}:row {k}", value) for k, value in enumerate(document, start=1)]


def _yaml_or_none(text: str) -> Any:
    try:
        return load_yaml(text)
    except DataError:
        return None


def take_parquet(entry: Entry, *, into: Collector) -> Iterator[None]:
    """One None a row, each after its concept was put into the collector."""
    table = open_parquet(entry.path or entry.read(into.limits.max_expanded_bytes), where=entry.name)
    plan = plan_columns(table.schema_arrow.names, where=entry.name)
    wanted = dict.fromkeys((*plan.used(), *_expected_columns(table.schema_arrow.names)))
    columns = [name for name in wanted if "." not in name]
    for where, record in iter_where(iter_records(table, columns=columns, where=entry.name), name=entry.name):
        into.keep(_concept(record, plan, where=where, into=into))
        yield


def take_pairs(pairs: Pairs, *, name: str, into: Collector, table: bool = False) -> Iterator[None]:
    """One None a pair, each after it was kept as a concept.

    Raises DataError for a table, or a file of one record, without a text column.
    """
    plans: dict[tuple[str, ...], ColumnPlan] = {}
    for where, value in pairs:
        if isinstance(value, str):
            into.keep(_judgeable(Concept(_id_of(where), value, where), value, into=into))
            yield
        elif not isinstance(value, Mapping):
            into.skip(where, f"is no record but {type(value).__name__}", hint='write {"concept": "..."}')
        else:
            record = {str(key): cell for key, cell in value.items()}
            try:
                plan = plans.get(tuple(record)) or plan_columns(record, where=name if table else where)
            except DataError as error:
                if table or where == name:
                    raise
                into.refuse(where, error)
                continue
            if len(plans) < _PLANS_KEPT and len(record) <= _PLAN_FIELDS:
                plans[tuple(record)] = plan
            into.keep(_concept(record, plan, where=where, into=into))
            yield


def _expected_columns(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.strip().casefold() == "expected_album"]


def _concept(record: Mapping[str, Any], plan: ColumnPlan, *, where: str, into: Collector) -> Concept:
    fields = {role: text for role in _FIELDS if (text := _words(record.get(getattr(plan, role))))}
    origin = record.get(_ORIGIN, plan.origin)
    if origin in _TELLING_ORIGINS:
        fields["origin"] = origin
    album: str | None = None
    label = next((record[n] for n in (*_expected_columns(record), plan.album) if not missing(record.get(n))), None)
    try:
        album = read_album(label)
    except InputError as error:
        shown = clean_text(error.found)[:_SHOWN_CHARS]
        fields["note"] = f"the label {shown} names no album, so nothing is expected"
        into.note(f"The label {shown} names no album; such concepts are judged without an expected album.")
    concept = Concept(row_ids(record, plan.ids) or _id_of(where), "", where, expected_album=album, fields=fields)
    return _judgeable(concept, record.get(plan.text), into=into)


def _words(value: object) -> str:
    """A cell as one text, its parts joined as a training row's are; "" for what is no text or number."""
    if isinstance(value, (list, tuple)):
        return "\n\n".join(part for item in value if (part := _words(item)))
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return clean_text(str(value))


def _judgeable(concept: Concept, value: object, *, into: Collector) -> Concept:
    """The concept with its text, or with the error that says why there is nothing to judge."""
    if missing(value) and not isinstance(value, str):
        return replace(concept, error="It has no text; write a concept of at least one word")
    error = unusable(value, max_chars=into.limits.max_text_chars)
    text = clean_text(value) if isinstance(value, str) else ""
    return replace(concept, text=text[:_SHOWN_CHARS] if error else text, error=error)
