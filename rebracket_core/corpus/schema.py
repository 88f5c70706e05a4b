"""A data set: its rows, its columns and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from rebracket_core.corpus.fields import TEXT_FIELDS
from rebracket_core.corpus.row_vectors import VectorsMeta
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXIS_NAMES

HAS_ANY_TYPE = "has_any_type"
_PLAIN = ("row_id", "group_id", "origin", "where", "title", "agent", *TEXT_FIELDS, "types_from", "cues")
_DEFAULTS: dict[str, Any] = {
    **{name: "" for name in ("title", "agent", *TEXT_FIELDS, "types_from", "where")},
    "origin": "table",
    "album": None,
    **{axis: None for axis in AXIS_NAMES},
    **{f"{axis}_stated": None for axis in AXIS_NAMES},
    "types": None,
    HAS_ANY_TYPE: None,
    "weight": 1.0,
    "cues": "",  # "against": written against the surface cues of its labels (see `corpus.audit.cues`)
    "confidence": None,
}
COLUMNS: tuple[str, ...] = ("row_id", "group_id", *_DEFAULTS)
_LATER = (HAS_ANY_TYPE, "cues", "confidence")  # columns that data sets of earlier versions do not have


@dataclass(frozen=True, slots=True)
class Skip:
    """One thing that was not taken: where it stands, why, and what to do about it."""

    where: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What a reader took and what it left: the number of rows taken, each skip, and notes that a person should see."""

    taken: int
    skipped: tuple[Skip, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"taken": self.taken, "skipped": [asdict(s) for s in self.skipped], "notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class DatasetMeta:
    """What is known of a data set without opening its rows."""

    name: str
    digest: str
    n_rows: int
    n_groups: int
    origins: tuple[str, ...]
    imported_at: str
    source: str
    report: ReadReport
    n_albums: int = 0
    vectors: tuple[VectorsMeta, ...] = ()
    """The columns of vectors that came with the texts, those too that were not taken."""

    @property
    def own_vectors(self) -> tuple[VectorsMeta, ...]:
        """The columns of vectors that are there, and that a run can be trained on."""
        return tuple(found for found in self.vectors if found.is_taken)

    def to_dict(self) -> dict[str, Any]:
        """The description as plain values."""
        lists = {"origins": list(self.origins), "vectors": [asdict(found) for found in self.vectors]}
        return {**asdict(self), **lists, "report": self.report.to_dict()}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A named set of rows with the columns of COLUMNS, checked by `make_frame`."""

    name: str
    frame: pd.DataFrame
    meta: DatasetMeta


def make_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """A checked frame with the columns of COLUMNS, one row a text, missing optional fields filled.

    Raises DataError for a missing or repeated row_id, an empty group or an unknown field.
    """
    full: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for row in rows:
        complete = _complete(row)
        row_id = str(complete["row_id"])
        if row_id in seen:
            raise DataError(
                "An id stands twice.",
                expected="each row_id once",
                found=f"{row_id!r}, first at {seen[row_id]}",
                hint="make the ids different",
                where=str(complete["where"]),
            )
        seen[row_id] = str(complete["where"])
        full.append(complete)
    columns: dict[str, Any] = {}
    for name in COLUMNS:  # as objects: texts that rows share stay shared
        values = [row[name] for row in full]
        plain = (_text(v) for v in values) if name in _PLAIN else (_plain(v) for v in values)
        columns[name] = pd.Series(list(plain), dtype=object) if name != "weight" else pd.Series(values, dtype="float64")
    return pd.DataFrame(columns, columns=list(COLUMNS))


def _complete(row: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(row) - set(COLUMNS))
    if unknown:
        raise DataError(
            "A row has unknown fields.",
            expected=", ".join(COLUMNS),
            found=", ".join(unknown),
            hint="rename or drop them",
            where=str(row.get("where", "")),
        )
    complete = {**_DEFAULTS, **row}
    row_id = str(complete.get("row_id") or "")
    if not row_id or not str(complete.get("group_id") or ""):
        raise DataError(
            "A row has no id or no group.",
            expected="row_id and group_id",
            found=repr(row_id),
            hint="give each row an id and a song or thread",
            where=str(complete["where"]),
        )
    return complete


def _text(value: Any) -> str:
    return "" if value is None or (isinstance(value, float) and value != value) else str(value)


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and value != value):
        return None
    return value if isinstance(value, (str, bool, float)) else list(value)


def rows_of(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a frame one by one, as plain values."""
    names = [str(name) for name in frame.columns]
    for values in zip(*(frame[name].tolist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def frame_digest(frame: pd.DataFrame) -> str:
    """The sha256 of the rows in order of row_id, as canonical JSON: the same rows give the same digest in any order.

    `where` stays out of it, so that a data set moved to another folder keeps its digest; so do fields of later versions
    where a row says nothing in them, so that data sets of earlier versions keep theirs.
    """
    digest = hashlib.sha256()
    names = [name for name in COLUMNS if name != "where"]
    for row in rows_of(frame.sort_values("row_id")[names]):
        row = {name: value for name, value in row.items() if name not in _LATER or value not in (None, "")}
        digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False, default=list).encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()
