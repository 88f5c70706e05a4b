"""Records → concepts to be scored: lenient; what cannot be read is a concept with an `error`.

A data set leaves out what it cannot learn from. Here nothing is left out in silence: a text with a strange label is still a
concept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rebracket_core.corpus.concept import Concept
from rebracket_core.corpus.limits import Limits
from rebracket_core.corpus.readers.columns import ColumnPlan, Hints, Planner, is_expected_album, plain_id, row_ids
from rebracket_core.corpus.readers.labels import missing, read_album
from rebracket_core.corpus.row_vectors import read_vector
from rebracket_core.corpus.schema import ReadReport, Skip
from rebracket_core.corpus.sources.base import File, Record, Unclaimed, skip_of
from rebracket_core.corpus.usable import unusable
from rebracket_core.errors import DataError, InputError
from rebracket_core.texts import clean_text

_SHOWN_CHARS = 200
_NOTES_KEPT = 100
_ROW = re.compile(r":(?:row|line|text|concept|document) (\d+)$")
_FIELDS = ("title", "agent", "group", "descriptions", "lyrics")
_TELLING_ORIGINS = frozenset({"songs", "proposals", "starter"})


@dataclass(frozen=True, slots=True)
class ConceptsRead:
    """The concepts of some sources in input order, and the report: how many can be scored, what was skipped, notes."""

    concepts: tuple[Concept, ...]
    report: ReadReport

    @property
    def usable(self) -> tuple[Concept, ...]:
        """The concepts that can be scored."""
        return tuple(concept for concept in self.concepts if concept.error is None)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is taken of records of one plan: fields by role, and the columns that may hold a label, best first."""

    plan: ColumnPlan | None = None
    roles: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: ColumnPlan, values: Mapping[str, Any]) -> _Shape:
        roles = tuple((role, column) for role in _FIELDS if (column := getattr(plan, role)))
        return cls(plan, roles, (*filter(is_expected_album, values), plan.album))


class ConceptSink:
    """Makes one concept of each record and forgets it; what it keeps are notes, and what was passed over."""

    def __init__(self, limits: Limits, *, hints: Hints = Hints()) -> None:  # noqa: B008 - frozen
        self.limits = limits
        self.hints = hints
        self.current: list[str] = []
        self.skipped: list[Skip] = []
        self._notes: dict[str, int] = {}
        self._planner = Planner(hints)
        self._shape = _Shape()

    def concept(self, file: File, found: Record | Skip) -> Concept | None:
        """The concept of a record, with an error for one that cannot be read; None for a file that is no concept at all."""
        if isinstance(found, Record):
            try:
                return self._made(found, source=_place(file, found.where))
            except DataError as error:
                return self._failed(file, skip_of(error, where=found.where))
        if isinstance(found, Unclaimed) and (file.many or found.where != file.entry.name):
            self.skipped.append(Skip(_place(file, found.where), found.reason, "name it alone if it is a concept"))
            return None
        return self._failed(file, found)

    def note(self, text: str) -> None:
        """Keep a note for people; the same note is kept once, with a count."""
        if text in self._notes or len(self._notes) < _NOTES_KEPT:
            self._notes[text] = self._notes.get(text, 0) + 1

    def notes(self) -> tuple[str, ...]:
        """The notes in their order."""
        return tuple(text if n == 1 else f"{text} ({n} times)" for text, n in self._notes.items())

    def _failed(self, file: File, skip: Skip) -> Concept:
        reason = clean_text(skip.reason)
        error = f"{reason[:1].upper()}{reason[1:]}" + (f"; {clean_text(skip.hint)}" if skip.hint else "")
        return Concept(_id_of(skip.where), "", _place(file, skip.where), error=error)

    def _made(self, record: Record, *, source: str) -> Concept:
        values, plan = record.values, record.plan
        if plan is None and values:
            plan = self._planner.plan(values, where=record.where)
        fields: dict[str, str] = {}
        album, concept_id = None, ""
        if plan is not None:
            if self._shape.plan is not plan:
                self._shape = _Shape.of(plan, values)
            fields = {role: words for role, column in self._shape.roles if (words := _words(values.get(column)))}
            if "group" in fields:
                fields["group"] = plain_id(fields["group"])
            album = self._album(values, fields)
            concept_id = row_ids(values, plan.ids)
        origin = record.origin or (plan.origin if plan else "")
        if origin in _TELLING_ORIGINS:
            fields["origin"] = origin
        text, error = self._text(record.text)
        vectors = {} if plan is None else _vectors(values, plan)
        return Concept(concept_id or _id_of(record.where), text, source, album, error, fields, vectors)

    def _album(self, values: Mapping[str, Any], fields: dict[str, str]) -> str | None:
        """The album that the label names; one that names none is a note and no failure."""
        label = next((values[name] for name in self._shape.labels if not missing(values.get(name))), None)
        try:
            return read_album(label)
        except InputError as error:
            shown = clean_text(error.found)[:_SHOWN_CHARS]
            fields["note"] = f"the label {shown} names no album, so nothing is expected"
            self.note(f"The label {shown} names no album; such concepts are judged without an expected album.")
            return None

    def _text(self, value: object) -> tuple[str, str | None]:
        """The text, or its beginning and why there is nothing to score."""
        if value is None or (isinstance(value, float) and value != value):
            return "", "It has no text; write a concept of at least one word"
        error = unusable(value, max_chars=self.limits.max_text_chars)
        text = clean_text(value) if isinstance(value, str) else ""
        return (text[:_SHOWN_CHARS] if error else text), error


def _vectors(values: Mapping[str, Any], plan: ColumnPlan) -> dict[str, tuple[float, ...]]:
    """The vectors that stand beside a text, by field; whether they fit is for the run to say."""
    found = {field: read_vector(values.get(column)) for field, column in plan.vectors}
    return {field: tuple(vector.tolist()) for field, vector in found.items() if vector is not None}


def _place(file: File, where: str) -> str:
    """Where something stands, beginning with what the user named."""
    if file.many:
        return f"{file.given.rstrip('/')}/{where}"
    match = _ROW.search(where)
    return f"{file.given}{where[match.start() :]}" if match else file.given


def _id_of(where: str) -> str:
    return _ROW.sub(r"#\1", where)


def _words(value: object) -> str:
    """A cell as one text, its parts joined as a training row's are; "" for what is no text or number."""
    if isinstance(value, (list, tuple)):
        return "\n\n".join(part for item in value if (part := _words(item)))
    if isinstance(value, bool) or not isinstance(value, (str, int)) or missing(value):
        return ""
    return clean_text(str(value))
