"""Groups of hand-labelled concepts (YAML), and texts that are no concepts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from rebracket_core.corpus.readers.columns import plain_cell, plain_id
from rebracket_core.corpus.readers.labels import read_album, read_axis, read_types, read_weight
from rebracket_core.corpus.sources.base import Format, Record, Row, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.repeats import check_repeats
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.texts import brief


def is_starter_group(document: object) -> bool:
    """Whether a YAML document is a group of labelled concepts: a mapping with a list `concepts`."""
    return isinstance(document, Mapping) and isinstance(document.get("concepts"), list)


def is_not_concepts(document: object) -> bool:
    """Whether a YAML document is a list of texts that are no concepts: a mapping with `category` and a list `texts`."""
    return isinstance(document, Mapping) and "category" in document and isinstance(document.get("texts"), list)


class StarterFormat(Format):
    """A group of labelled concepts: one record a concept."""

    name = "starter"
    label = "Group of concepts"
    help = "A YAML file with a list 'concepts', each with its album, axes and types."
    suffixes = (".yml", ".yaml")

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell a group by its list of concepts."""
        return is_starter_group(head.yaml)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each concept of the group. Modes are stated modes, shares the axis itself, types were given by people."""
        document, name = stream.document(), entry.name
        check_repeats(document, ("group", "motif"), times=len(document["concepts"]), name=name)
        group = plain_id(document.get("group")) or entry.stem
        common = {"group_id": group, "title": plain_cell(document.get("motif")), "origin": "starter"}
        shared = {"title": document.get("motif"), "group": document.get("group")}
        for number, item in enumerate(document["concepts"], start=1):
            where = f"{name}:concept {number}"
            if not isinstance(item, (str, Mapping)):
                reason = f"is no labelled concept but {type(item).__name__}"
                yield Skip(where, reason, "give it a text, or a mapping with 'text'")
                continue
            fields = {"text": item} if isinstance(item, str) else {str(key): value for key, value in item.items()}
            text = fields.get("text", fields.get("concept"))
            rows = partial(_row, fields, fallback=f"{group}-{number:02d}", common={**common, "where": where})
            # A bare text stays one: what the group says goes into the rows of a data set alone.
            yield Record(where, {} if isinstance(item, str) else {**shared, **fields}, text, origin="starter", rows=rows)


class NotConceptsFormat(Format):
    """Texts that are no concepts: to be scored, never to be learned from as concepts."""

    name = "not_concepts"
    label = "Texts that are no concepts"
    help = "A YAML file with a 'category' and a list 'texts'; such texts teach what to refuse, or test it ('hard: true')."
    suffixes = (".yml", ".yaml")
    holds_concepts = False

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell such a list by its category and texts."""
        return is_not_concepts(head.yaml)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each text, unlabelled, its category as group, and whether the file is marked as hard."""
        document, name = stream.document(), entry.name
        hard = _hard_mark(document, name=name)
        check_repeats(document, ("category",), times=len(document["texts"]), name=name)
        category = plain_id(document.get("category")) or entry.stem
        for number, item in enumerate(document["texts"], start=1):
            fields = {str(key): value for key, value in item.items()} if isinstance(item, Mapping) else {}
            text = fields.get("text", fields.get("concept")) if fields else item
            own = plain_id(fields.get("id"))
            row: Row = {
                "row_id": own or f"{category}-{number:02d}",
                "group_id": category,
                "origin": "not_concepts",
                "where": f"{name}:text {number}",
                "concept": text,
                "hard": hard,
            }
            yield Record(f"{name}:text {number}", fields, text, rows=partial(iter, (row,)))


def _hard_mark(document: Mapping[str, Any], *, name: str) -> bool:
    """Whether the file's texts are marked as hard. Raises DataError for a mark that is neither true nor false."""
    mark = document.get("hard", False)
    if isinstance(mark, bool):
        return mark
    raise DataError(
        "The mark 'hard' is neither true nor false.",
        expected="hard: true, hard: false, or no such line",
        found=brief(mark, chars=80),
        hint="write true where the texts look like concepts",
        where=name,
    )


def _row(item: Mapping[str, Any], *, fallback: str, common: Row) -> Iterator[Row | Skip]:
    kinds = read_types(item.get("types"))
    row: Row = {
        "row_id": plain_id(item.get("id")) or fallback,
        "concept": item.get("text", item.get("concept")),
        "album": read_album(item.get("album")),
        "weight": read_weight(item.get("weight")),
        "types": kinds,
        "types_from": "" if kinds is None else str(item.get("types_from") or "human"),
        "cues": plain_cell(item.get("cues")),
    }
    for axis in AXIS_NAMES:
        row[axis], row[f"{axis}_stated"] = read_axis(axis, item.get(axis))
    yield {**row, **common}
