"""Records → rows of a data set: strict, with a report of what was imported, what was skipped and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from rebracket_core.corpus.limits import Limits, SourceTooLarge, TextBudget, too_many_rows
from rebracket_core.corpus.readers.columns import (
    KEYWORD_MARKER_COLUMN,
    KEYWORD_TYPE_COLUMN,
    TEXT_NAMES,
    ColumnPlan,
    Hints,
    Planner,
    cell_of,
    plain_cell,
    plain_id,
    plan_columns,
    row_ids,
)
from rebracket_core.corpus.readers.labels import (
    is_null_word,
    missing,
    read_album,
    read_axis,
    read_types,
    read_weight,
    read_yes_or_no,
)
from rebracket_core.corpus.readers.scores import read_scores, read_share
from rebracket_core.corpus.row_vectors import FieldVectors, VectorCollector, one_width
from rebracket_core.corpus.schema import HAS_ANY_TYPE, ReadReport, Skip, make_frame
from rebracket_core.corpus.sources.base import File, Record, Row, skip_of
from rebracket_core.errors import DataError, InputError
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.texts import brief, clean_text, has_words

_UNWANTED = {
    False: ("its texts are no concepts", "they are read by read_not_concepts"),
    True: ("is no list of texts", "expected 'category' and a list 'texts'; see data/starter/not_concepts"),
}
_LABELS = (
    "album",
    *AXIS_NAMES,
    *(f"{axis}_stated" for axis in AXIS_NAMES),
    "types",
    HAS_ANY_TYPE,
    "weight",
    "confidence",
    "group_id",
)
_EXTRA = ("descriptions", "lyrics", "title", "agent")
_ROLES = ("title", "agent", "descriptions", "lyrics")


class DatasetSink:
    """Collects checked rows of a source, with each skip and note; `result` gives the frame and the report.

    A record without a usable text, with an unknown label or with a repeated id becomes a skip; rows and texts without end
    are a DataError. With `only` the files of that format alone are imported, concepts or not, and their texts need no
    letters. `marks` names fields of rows that become columns of true and false behind the others.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        hints: Hints = Hints(),  # noqa: B008 - frozen
        only: str = "",
        marks: tuple[str, ...] = (),
    ) -> None:
        self.limits = limits
        self._hints = hints
        self._only = only
        self._marks = marks
        self._file: File | None = None
        self._number = 0
        self._waiting: list[tuple[int, Record]] = []
        self._names: dict[str, None] = {}
        self._planner = Planner(hints)
        self._rows: list[dict[str, Any]] = []
        self._skips: list[Skip] = []
        self._skip_counts: Counter[str] = Counter()
        self._notes: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._at: dict[str, int] = {}
        self._budget = TextBudget(limits)
        self._numbers: dict[str, int] = {}
        self._collectors: dict[str, VectorCollector] = {}
        self.vectors: tuple[FieldVectors, ...] = ()
        """The columns of vectors that the hints ask for, once there is a result; each says itself whether it was taken."""

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, file: File, found: Record | Skip) -> None:
        """Import one record, or note that it is skipped. Raises DataError where the source grows too large."""
        if file is not self._file:
            self._end_file()
            self._file = file
        if file.format is not None and not self._is_wanted(file):
            if self._number == 0:
                reason, hint = _UNWANTED[bool(self._only)]
                self.skip(file.entry.name, reason, hint=hint)
            self._number += 1
        elif isinstance(found, Skip):
            self.skip(found.where, found.reason, hint=found.hint)
        else:
            self._number += 1
            self._guarded(found, lambda: self._import(found, file))

    def _guarded(self, record: Record, work: Callable[[], None]) -> None:
        """Do the work; a record that cannot be read is skipped, and one that makes the source too large ends the reading."""
        try:
            work()
        except SourceTooLarge:
            raise
        except InputError as error:
            self._refuse(record.where, error)

    def _is_wanted(self, file: File) -> bool:
        assert file.format is not None
        if self._only:
            return file.format.name == self._only
        return file.format.holds_concepts

    def _import(self, record: Record, file: File) -> None:
        assert file.format is not None
        if record.rows is not None:
            for row in record.rows():
                if isinstance(row, Skip):
                    self.skip(row.where, row.reason, hint=row.hint)
                else:
                    self._keep(row, number_repeats=file.format.numbers_repeats)
        elif record.plan is not None:
            if self._number == 1:
                self._note_all(record.plan)
            self._keep_planned(record, record.plan, number=self._number, file=file)
        elif record.values:
            self._names.update(dict.fromkeys(record.values))
            self._waiting.append((self._number, replace(record, values=self._planner.planned(record.values))))
        else:
            row_id = f"{file.prefix}{file.entry.stem}-{self._number:04d}"
            origin = record.origin or "table"
            self._keep({"row_id": row_id, "group_id": row_id, "origin": origin, "where": record.where, "concept": record.text})

    def _end_file(self) -> None:
        """Import the records that name their fields each for itself, now that all names of the file are known."""
        waiting, names, file = self._waiting, list(self._names), self._file
        self._waiting, self._names, self._number = [], {}, 0
        if not waiting or file is None:
            return
        try:
            plan = self._plan_of(names, [record for _, record in waiting], where=file.entry.name)
        except InputError as error:
            reason = skip_of(error, where=file.entry.name).reason
            for _, record in waiting:
                self.skip(record.where, reason, hint=error.hint)
            return
        self._note_all(plan)
        for number, record in waiting:
            self._guarded(record, partial(self._keep_planned, record, plan, number=number, file=file))

    def _plan_of(self, names: list[str], records: list[Record], *, where: str) -> ColumnPlan:
        try:
            return plan_columns(names, hints=self._hints, where=where)
        except DataError:
            if all(record.text is None for record in records):
                raise
        return plan_columns([*names, TEXT_NAMES[0]], hints=self._hints, where=where)

    def _note_all(self, plan: ColumnPlan) -> None:
        for note in plan.notes:
            self.note(note)

    def _keep_planned(self, record: Record, plan: ColumnPlan, *, number: int, file: File) -> None:
        row = self._row(record, plan)
        own_group = not row["group_id"]
        row["row_id"] = file.prefix + (row["row_id"] or f"{file.entry.stem}-{number:04d}")
        row["group_id"] = row["row_id"] if own_group else row["group_id"]
        if own_group and plan.group:
            self.note(f"Rows without a '{plan.group}' are groups of their own.")
        row_id = self._keep(row, number_repeats=plan.number_repeats)
        for name, column in plan.vectors if row_id else ():
            collector = self._collectors.setdefault(name, VectorCollector(field=name, column=column))
            collector.add(row_id, text=str(row[name] or ""), value=cell_of(record.values, column))

    def _row(self, record: Record, plan: ColumnPlan) -> Row:
        values = record.values
        album = read_album(cell_of(values, plan.album))
        row: Row = {
            "row_id": row_ids(values, plan.ids),
            "group_id": plain_id(cell_of(values, plan.group)),
            "origin": record.origin or plan.origin,
            "where": record.where,
            "concept": record.text,
            "album": album,
            "weight": read_weight(cell_of(values, plan.weight)),
            **{role: plain_cell(cell_of(values, getattr(plan, role))) for role in _ROLES},
        }
        for axis, column in plan.axes:
            shares, modes = read_axis(axis, cell_of(values, column))
            row[axis] = shares
            # In the users' tables a row with an album and an empty mode cell says: no mode on this axis.
            row[f"{axis}_stated"] = [] if shares is None and modes is None and album else modes
        for axis, three in plan.scores:
            shares = read_scores(axis, [cell_of(values, column) for column in three])
            row[axis] = row.get(axis) or shares
        if plan.confidence and not missing(cell := cell_of(values, plan.confidence)):
            row["confidence"] = read_share(cell, what="confidence")
        row["types"], row["types_from"] = self._types(values, plan)
        self._mark(row, read_yes_or_no(cell_of(values, plan.markers)), plan=plan)
        return row

    def _mark(self, row: Row, marked: bool | None, *, plan: ColumnPlan) -> None:
        """Join what a row says of having any type with the types that it names; a row that contradicts itself has neither.

        No type at all is a label of all eight: none of them. That there is one says nothing of which.
        """
        types = row["types"]
        if marked is None:
            return
        if types is not None and bool(types) != marked:
            self.note("Some rows name a type and say that they have none, or the reverse; they stay without types.")
            row["types"], row["types_from"] = None, ""
        elif types is None and not marked:
            counted = plan.markers.split(".")[-1].strip().casefold() == KEYWORD_MARKER_COLUMN
            row["types"], row["types_from"] = [], "keyword" if counted else "human"
        elif types is None:
            row[HAS_ANY_TYPE] = True

    def _types(self, values: Mapping[str, Any], plan: ColumnPlan) -> tuple[list[str] | None, str]:
        try:
            types = read_types(cell_of(values, plan.types))
        except InputError as error:
            self.note(f"The type {error.found} is not one of the eight; such rows stay without a type.")
            return None, ""
        if types is None:
            return None, ""
        stated = plain_cell(cell_of(values, plan.types_from))
        keyword = plan.types.split(".")[-1].strip().casefold() == KEYWORD_TYPE_COLUMN
        return types, stated or ("keyword" if keyword else "human")

    def _keep(self, row: Row, *, number_repeats: bool = False) -> str:
        """The id that a row has now, or had; "" where it was skipped.

        With `number_repeats` a repeated id that carries another text is kept as "id#2" and noted.
        """
        where = str(row.get("where", ""))
        text = self._usable_text(row.get("concept"), where=where)
        if text is None:
            return ""
        row_id = str(row["row_id"])
        if row_id in self._texts:
            if self._texts[row_id] == text:
                self._repeat(row, where=where)
                return row_id
            if not number_repeats:
                self.skip(where, f"its id {row_id!r} was taken with another text", hint="make the ids different")
                return ""
            row_id = self._numbered(row_id)
            self.note("Some ids stand for several texts; the later ones were numbered (#2, #3, ...).")
        if len(self._rows) >= self.limits.max_rows:
            raise too_many_rows(self.limits.max_rows, where=where)
        text = self._texts[row_id] = self._budget.take(text, where=where)
        extra = {name: self._budget.take(clean_text(str(row.get(name) or "")), where=where) for name in _EXTRA}
        self._at[row_id] = len(self._rows)
        self._rows.append({**row, **extra, "row_id": row_id, "concept": text})
        return row_id

    def _repeat(self, row: Row, *, where: str) -> None:
        """Skip a row that repeats one that was taken; one that says something else of it is named with both."""
        taken = self._rows[self._at[str(row["row_id"])]]
        other = next((name for name in _LABELS if row.get(name) != taken.get(name)), None)
        if other is None:
            self.skip(where, "repeats a row that was taken", hint="nothing to do: same id, same text")
            self.note("Some rows repeat an id with the same text; the first was taken.")
            return
        labels = (
            f"{brief(row.get(other), chars=80)} here, {brief(taken.get(other), chars=80)} at {taken['where'] or row['row_id']}"
        )
        self.skip(where, f"contradicts a row that was taken, with another {other}", hint=f"keep the right one: {labels}")
        self.note("Some rows repeat an id and a text with another label; the first was taken, and the others are named.")

    def _numbered(self, row_id: str) -> str:
        number = self._numbers.get(row_id, 2)
        while f"{row_id}#{number}" in self._texts:
            number += 1
        self._numbers[row_id] = number + 1
        return f"{row_id}#{number}"

    def _usable_text(self, value: object, *, where: str) -> str | None:
        if value is None or (isinstance(value, float) and value != value):
            self.skip(where, "has no text", hint="give it a concept or leave it out")
            return None
        if not isinstance(value, str):
            self.skip(where, f"its text is not text but {type(value).__name__}", hint="put the text in quotes")
            return None
        text = clean_text(value)
        if is_null_word(text):
            self.skip(where, f"has no text but {text!r}, which tables write for nothing", hint="give it a concept")
        elif not text:
            self.skip(where, "its text is blank", hint="give it a concept or leave it out")
        elif len(text) > self.limits.max_text_chars:
            self.skip(
                where,
                f"its text is longer than {self.limits.max_text_chars} characters",
                hint=f"shorten it; it has {len(text)}",
            )
        elif not self._only and not has_words(text):
            self.skip(where, "its text has no letters", hint="write words")
        else:
            return text
        return None

    def skip(self, where: str, reason: str, *, hint: str = "") -> None:
        """Record one thing that was not taken; beyond `Limits.max_skips` of one reason it is only counted."""
        self._skip_counts[reason] += 1
        if self._skip_counts[reason] <= self.limits.max_skips:
            self._skips.append(Skip(clean_text(where), clean_text(reason), clean_text(hint)))

    def _refuse(self, where: str, error: InputError) -> None:
        found = skip_of(error, where=where)
        self.skip(found.where, found.reason, hint=found.hint)

    def note(self, text: str) -> None:
        """Record a note for people; the same note is kept once, with a count."""
        self._notes[text] = self._notes.get(text, 0) + 1

    def _checked_vectors(self) -> tuple[FieldVectors, ...]:
        order = sorted(self._collectors, key=("concept", "lyrics", "descriptions").index)
        return one_width(
            self._collectors[name].result(row["row_id"] for row in self._rows if clean_text(str(row.get(name) or "")))
            for name in order
        )

    def result(self, label: str) -> tuple[pd.DataFrame, ReadReport]:
        """The frame and the report. Raises DataError, with the first reasons, where nothing was imported."""
        self._end_file()
        self.vectors = self._checked_vectors()
        for found in self.vectors:
            self.note(found.note)
        notes = [text if n == 1 else f"{text} ({n} times)" for text, n in self._notes.items()]
        for reason, n in self._skip_counts.items():
            if n > self.limits.max_skips:
                notes.append(f"{n - self.limits.max_skips} more were not taken and are not listed: {clean_text(reason)}.")
        if not self._rows:
            first = "; ".join(f"{s.where}: {s.reason}" for s in self._skips[:3]) or "no rows at all"
            hint = next((s.hint for s in self._skips if s.hint), "give a source with at least one concept")
            raise DataError(
                "Nothing could be read.",
                expected="at least one row with a text",
                found=first,
                hint=hint,
                where=clean_text(label),
            )
        marks = {name: [bool(row.pop(name, False)) for row in self._rows] for name in self._marks}
        return make_frame(self._rows).assign(**marks), ReadReport(len(self._rows), tuple(self._skips), tuple(notes))
