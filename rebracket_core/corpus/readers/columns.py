"""Columns of a table, recognised by their exact names, and rows made from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rebracket_core.corpus.limits import MAX_COLUMNS
from rebracket_core.corpus.readers.labels import missing
from rebracket_core.corpus.readers.scores import SCORE_NAMES, Scores, plan_scores
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXES
from rebracket_core.texts import brief, field_key, identity

TEXT_NAMES = ("concept", "white_concept", "text", "content")
GROUP_NAMES = ("song_id", "thread", "thread_id", "group_id", "group", "song", "manifest_id")
ID_NAMES = ("segment_id", "row_id", "proposal_id", "concept_id", "id")
ALBUM_NAMES_OF_COLUMNS = ("rainbow_color", "album")
TYPE_COLUMNS = ("rebracketing_type", "rebracketing_types", "types")
KEYWORD_TYPE_COLUMN = "rebracketing_type"
KEYWORD_MARKER_COLUMN = "has_rebracketing_markers"
MARKER_COLUMNS = (KEYWORD_MARKER_COLUMN, "has_any_type")
STRUCT = "training_data"
_SONG_TABLE = frozenset({"player", "song_structure", STRUCT, "audio_file", "midi_file"})
_VERDICT = frozenset({"verdict", "run_id"})
_LYRICS = "lyric_text"
_VECTORS = {
    "concept": ("concept_embedding", "embedding"),
    "lyrics": ("lyric_embedding",),
    "descriptions": ("description_embedding",),
}
"""The columns that hold vectors of a field, best first."""
VECTOR_NAMES: frozenset[str] = frozenset(name for names in _VECTORS.values() for name in names)
_LEFT_SHOWN = 40
_WHOLE_FLOAT = re.compile(r"\A(-?(?:0|[1-9][0-9]*))\.0+\Z")  # as pandas writes whole numbers where one is missing
_PLANS_KEPT = 1000


def axis_column_names(name: str, also: str) -> tuple[str, ...]:
    """The exact column names that may hold an axis, in order of preference."""
    words = [also, name] if also else [name]
    return (*(f"rainbow_color_{w}_mode" for w in words), *(f"{w}_mode" for w in words), *words)


_AXIS_COLUMNS = {axis.name: axis_column_names(axis.name, axis.also) for axis in AXES}
KNOWN_NAMES: frozenset[str] = frozenset(
    {
        *TEXT_NAMES,
        *GROUP_NAMES,
        *ID_NAMES,
        *ALBUM_NAMES_OF_COLUMNS,
        *TYPE_COLUMNS,
        *MARKER_COLUMNS,
        "title",
        "agent",
        "agent_name",
        "description",
        "descriptions",
        _LYRICS,
        "lyrics",
        "weight",
        "types_from",
        "expected_album",
        STRUCT,
        *(name for names in _AXIS_COLUMNS.values() for name in names),
    }
)

_PLANNED = KNOWN_NAMES | SCORE_NAMES | _SONG_TABLE | _VERDICT | {"track_id", "lrc_lyrics"}
"""The names that decide a plan; all others are never looked at."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the caller says of a source: its group and text columns, and whether the vectors beside the texts are wanted.

    Of a Hugging Face data set `config` and `split` say which part is read, where it has several.
    """

    group_column: str | None = None
    text_column: str | None = None
    vectors: bool = False
    config: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """Which column of a table is what; each value is the column's name in the file, "" or () where there is none."""

    text: str
    ids: tuple[str, ...] = ()
    group: str = ""
    album: str = ""
    axes: tuple[tuple[str, str], ...] = ()
    types: str = ""
    types_from: str = ""
    markers: str = ""
    title: str = ""
    agent: str = ""
    descriptions: str = ""
    lyrics: str = ""
    weight: str = ""
    origin: str = "table"
    number_repeats: bool = False
    scores: Scores = ()
    confidence: str = ""
    vectors: tuple[tuple[str, str], ...] = ()
    """The fields with the columns of their vectors, where these are wanted."""
    notes: tuple[str, ...] = ()

    def used(self) -> list[str]:
        """The names of the columns to read, each once."""
        plain = [
            self.text,
            *self.ids,
            self.group,
            self.album,
            *(c for _, c in self.axes),
            self.types,
            self.types_from,
            self.markers,
            self.title,
            self.agent,
            self.descriptions,
            self.lyrics,
            self.weight,
            *(c for _, three in self.scores for c in three),
            self.confidence,
            *(c for _, c in self.vectors),
        ]
        return list(dict.fromkeys(name for name in plain if name))


def plan_columns(names: Iterable[str], *, hints: Hints = Hints(), where: str = "") -> ColumnPlan:
    """Which column is what, by exact name (case, outer blanks and invisible signs aside), never by a part of a name.

    Raises DataError where there is no text column, or where a column named by the caller is not there.
    """
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(field_key(name), name)
    first = _Finder(by_name)
    text = _named(hints.text_column, by_name, what="text", where=where) or first(*TEXT_NAMES)
    notes: tuple[str, ...] = ()
    if not text and "segment_id" in by_name and _LYRICS in by_name:
        text, notes = by_name[_LYRICS], ("The table has no concept column; the lyrics of each segment were taken as its text.",)
    if not text:
        raise DataError(
            "No column holds the text.",
            expected=f"a column named {', '.join(TEXT_NAMES)}",
            found=", ".join(list(by_name.values())[:40]) or "no columns",
            hint="rename it, or name the text column (--text-column NAME, or the field 'Text column' on the page)",
            where=where,
        )
    plan = ColumnPlan(
        text,
        ids=_ids(first),
        group=_named(hints.group_column, by_name, what="group", where=where) or _group(first),
        album=first(*ALBUM_NAMES_OF_COLUMNS),
        axes=tuple((axis, found) for axis, options in _AXIS_COLUMNS.items() if (found := first(*options))),
        types=first(*TYPE_COLUMNS),
        types_from=first("types_from"),
        markers=first(*MARKER_COLUMNS),
        title=first("title"),
        agent=first("agent", "agent_name"),
        descriptions=first("descriptions", "description"),
        lyrics=first(_LYRICS, "lrc_lyrics", "lyrics"),
        weight=first("weight"),
        number_repeats="proposal_id" in by_name,
        origin="songs" if "segment_id" in by_name else "proposals" if "proposal_id" in by_name else "table",
    )
    plan = _for_known_tables(plan, first, vectors=hints.vectors)
    return replace(plan, notes=(*notes, *plan.notes, _taken(plan), *_left(by_name, plan)))


class Planner:
    """Plans for records that name their fields each for itself; those of the same names share one."""

    def __init__(self, hints: Hints = Hints()) -> None:
        self._hints = hints
        named = (hints.text_column, hints.group_column)
        self._wanted = _PLANNED | {field_key(name) for name in named if name}
        if hints.vectors:
            self._wanted |= VECTOR_NAMES
        wanted = hints.text_column
        self._texts = frozenset({field_key(wanted)} if wanted else TEXT_NAMES)
        self._counts: dict[str, bool] = {}
        self._plans: dict[tuple[str, ...], ColumnPlan | DataError] = {}

    def plan(self, record: Mapping[str, Any], *, where: str) -> ColumnPlan:
        """The plan of a record. Raises DataError where it has no text field."""
        found = self._found(record)
        if isinstance(found, DataError):
            names = ", ".join(islice(record, 40)) or "no fields"
            raise DataError(found.message, expected=found.expected, found=names, hint=found.hint, where=where)
        return found

    def text(self, record: Mapping[str, Any]) -> object:
        """The value of a record's text field, None where it has none."""
        found = self._found(record)
        return None if isinstance(found, DataError) else record.get(found.text)

    def is_text(self, name: str) -> bool:
        """Whether a field of this name holds the text."""
        return field_key(name) in self._texts

    def planned(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a record that a plan may name."""
        return {name: value for name, value in record.items() if self._may_count(name)}

    def _found(self, record: Mapping[str, Any]) -> ColumnPlan | DataError:
        names = tuple(name for name in record if self._may_count(name))
        found = self._plans.get(names)
        if found is None:
            try:
                found = plan_columns(names, hints=self._hints)
            except DataError as error:
                found = error
            if len(self._plans) < _PLANS_KEPT:
                self._plans[names] = found
        return found

    def _may_count(self, name: str) -> bool:
        counts = self._counts.get(name)
        if counts is None:
            counts = field_key(name) in self._wanted
            if len(self._counts) < MAX_COLUMNS:
                self._counts[name] = counts
        return counts


def is_expected_album(name: str) -> bool:
    """Whether a column holds the album that a text is expected to have."""
    return field_key(name) == "expected_album"


class _Finder:
    def __init__(self, by_name: Mapping[str, str]) -> None:
        self.by_name = by_name

    def __call__(self, *names: str) -> str:
        return next((self.by_name[name] for name in names if name in self.by_name), "")


def _named(wanted: str | None, by_name: Mapping[str, str], *, what: str, where: str) -> str:
    if not wanted:
        return ""
    found = wanted if wanted in by_name.values() else by_name.get(field_key(wanted))
    if found is None:
        raise DataError(
            f"The {what} column is not there.",
            expected=repr(wanted),
            where=where,
            found=", ".join(list(by_name.values())[:40]),
            hint="name one of the columns found",
        )
    return found


def is_stem_table(names: Iterable[str]) -> bool:
    """Whether the columns are those of the table with one row per audio stem, where `id` is the song."""
    have = set(names)
    return {"id", "track_id"} <= have and "segment_id" not in have and bool(have & _SONG_TABLE)


def is_verdict_table(names: Iterable[str]) -> bool:
    """Whether the columns are those of verdicts that Rebracket wrote."""
    return {field_key(name) for name in names} >= _VERDICT


def _ids(first: _Finder) -> tuple[str, ...]:
    if is_stem_table(first.by_name):
        return first("id"), first("track_id")
    found = first(*ID_NAMES)
    return (found,) if found else ()


def _group(first: _Finder) -> str:
    if is_stem_table(first.by_name):
        return first("id")
    if "segment_id" in first.by_name:
        return first("song_id", "track_id")
    return first(*GROUP_NAMES)


def _for_known_tables(plan: ColumnPlan, first: _Finder, *, vectors: bool) -> ColumnPlan:
    notes: list[str] = []
    if is_stem_table(first.by_name):
        notes.append("One row is one audio stem: 'id' is the song, 'track_id' the stem; stem descriptions were left out.")
        plan = replace(plan, descriptions="", origin="songs")
        if first("lyrics") == plan.lyrics:
            plan = replace(plan, lyrics="")
    if not plan.types and STRUCT in first.by_name:
        plan = replace(plan, types=f"{first(STRUCT)}.{KEYWORD_TYPE_COLUMN}")
    if not plan.markers and STRUCT in first.by_name:
        plan = replace(plan, markers=f"{first(STRUCT)}.{KEYWORD_MARKER_COLUMN}")
    if is_verdict_table(first.by_name):
        notes.append("These are verdicts of a model: their albums, axes and types were skipped as labels.")
        plan = replace(plan, album=first("expected_album"), axes=(), types="", types_from="", markers="")
    else:
        scores, confidence, lacking = plan_scores(first.by_name)
        plan = replace(plan, scores=scores, confidence=confidence)
        notes += lacking
    if vectors:
        plan = replace(plan, vectors=_vectors(first, plan))
    return replace(plan, notes=tuple(notes))


def _vectors(first: _Finder, plan: ColumnPlan) -> tuple[tuple[str, str], ...]:
    """The fields that the plan reads, with the columns of their vectors; lyrics that stand in for concepts are the concept."""
    found = {field: first(*names) for field, names in _VECTORS.items()}
    if plan.text.strip().casefold() == _LYRICS:
        found = {"concept": first("lyric_embedding", "embedding")}
    read = {"concept", *(role for role in ("lyrics", "descriptions") if getattr(plan, role))}
    return tuple((field, column) for field, column in found.items() if column and field in read)


def _left(by_name: Mapping[str, str], plan: ColumnPlan) -> tuple[str, ...]:
    """A note that names the columns which were not taken, where there are any."""
    used = {name.partition(".")[0] for name in plan.used()} | set(plan.used())
    left = [name for name in by_name.values() if name not in used]
    if not left:
        return ()
    more = f" and {len(left) - _LEFT_SHOWN:,} more" if len(left) > _LEFT_SHOWN else ""
    return (f"Columns not taken: {', '.join(brief(name, chars=60) for name in left[:_LEFT_SHOWN])}{more}.",)


def _taken(plan: ColumnPlan) -> str:
    parts = [
        f"'{plan.text}' as the text",
        f"{' + '.join(map(repr, plan.ids))} as the id" if plan.ids else "",
        f"'{plan.group}' as the group" if plan.group else "no group column, so each row is a group of its own",
        f"'{plan.album}' as the album" if plan.album else "no album column",
        *(f"'{column}' as {axis}" for axis, column in plan.axes),
        *(f"{', '.join(map(repr, three))} as the {axis} scores" for axis, three in plan.scores),
        f"'{plan.confidence}' as the confidence" if plan.confidence else "",
        f"'{plan.types}' as the types" if plan.types else "",
        f"'{plan.markers}' as whether there is any type" if plan.markers else "",
        *(
            f"'{getattr(plan, role)}' as {role}"
            for role in ("title", "agent", "descriptions", "lyrics", "weight")
            if getattr(plan, role)
        ),
    ]
    return "Columns taken: " + ", ".join(p for p in parts if p) + "."


def row_ids(record: Mapping[str, Any], ids: tuple[str, ...]) -> str:
    """The id of a record from its id columns, joined by "/"; "" where one is missing."""
    parts = [plain_id(cell_of(record, name)) for name in ids]
    return "/".join(parts) if parts and all(parts) else ""


def cell_of(record: Mapping[str, Any], column: str) -> Any:
    """The cell of a column, None where there is none; "outer.inner" is the field of a struct."""
    if not column:
        return None
    if column in record:
        return record[column]
    outer, _, inner = column.partition(".")
    struct = record.get(outer)
    return struct.get(inner) if inner and isinstance(struct, Mapping) else None


def plain_id(value: object) -> str:
    """A cell that says who or what something is: whole numbers without ".0", and one spelling of what looks the same."""
    text = identity(plain_cell(value))
    return _WHOLE_FLOAT.sub(r"\1", text)


def plain_cell(value: object) -> str:
    """A cell as one text, a list's parts set apart by blank lines; "" for what is no text or number."""
    if missing(value) or isinstance(value, (bool, Mapping, bytes)):
        return ""
    if isinstance(value, (list, tuple)):
        return "\n\n".join(part for item in value if (part := plain_cell(item)))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
