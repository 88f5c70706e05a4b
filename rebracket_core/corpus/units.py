"""Rows that repeat a song's concept → one row for each concept."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rebracket_core.corpus.fields import FIELDS
from rebracket_core.corpus.schema import HAS_ANY_TYPE, make_frame
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXIS_NAMES, TYPE_NAMES
from rebracket_core.texts import normalised_text

LABEL_FIELDS: tuple[str, ...] = ("album", *AXIS_NAMES, *(f"{axis}_stated" for axis in AXIS_NAMES))
SKIP, MERGE, BOTH = "skip", "merge", "both"  # what becomes of a text with two type labels
_MERGED = tuple(field.name for field in FIELDS if field.merges)
BLANK_LINE = "\n\n"


def collapse_repeats(frame: pd.DataFrame, *, ambiguous_types: str = SKIP) -> pd.DataFrame:
    """The rows with each concept of a group once, at the place of its first row and under that row's id.

    The distinct descriptions and lyrics of the repeats are joined in order by a blank line; weights and given confidences
    are averaged. Where the types of a concept differ, `ambiguous_types` says what becomes of them: its types are left out, all
    of them are taken, or it stands once with each. Raises DataError, naming the rows, where repeats carry other labels that
    differ.
    """
    kept: dict[tuple[Any, ...], list[int]] = {}
    types = frame["types"].tolist()
    keys = zip(frame["group_id"].tolist(), frame["concept"].tolist(), strict=True)
    for at, key in enumerate(keys):
        own = tuple(sorted(types[at])) if ambiguous_types == BOTH and types[at] is not None else ()
        kept.setdefault((*key, own), []).append(at)
    if len(kept) == len(frame):
        return frame.reset_index(drop=True)
    records = frame.to_dict("records")
    merge = ambiguous_types == MERGE
    return make_frame(_one_row([records[at] for at in places], merge=merge) for places in kept.values())


def texts_with_two_types(frame: pd.DataFrame) -> list[list[int]]:
    """The positions of the rows of each text (case, punctuation and spacing aside) whose rows have different types."""
    by_text: dict[str, list[int]] = {}
    types = frame["types"].tolist()
    for at, text in enumerate(frame["concept"].tolist()):
        if types[at] is not None:
            by_text.setdefault(normalised_text(text), []).append(at)
    return [places for places in by_text.values() if len({frozenset(types[at]) for at in places}) > 1]


def settle_types(frame: pd.DataFrame, *, ambiguous_types: str) -> pd.DataFrame:
    """The rows with the types of texts that have different ones left out, joined or as they are, in every group."""
    doubtful = texts_with_two_types(frame) if ambiguous_types != BOTH else []
    if not doubtful:
        return frame
    frame = frame.copy()
    records = frame.to_dict("records")
    for places in doubtful:
        settled = _types_of([records[at] for at in places], merge=ambiguous_types == MERGE)
        for at in places:
            records[at] |= settled
    for name in ("types", "types_from", HAS_ANY_TYPE):
        frame[name] = pd.Series([row[name] for row in records], index=frame.index, dtype=object)
    return frame


def _types_of(rows: list[dict[str, Any]], *, merge: bool) -> dict[str, Any]:
    """The types of rows with one text: those that all of them name; where they differ, the union or none at all."""
    typed = [row for row in rows if row["types"] is not None]
    some = any(row[HAS_ANY_TYPE] for row in rows) or None
    if not typed:
        return {"types": None, "types_from": "", HAS_ANY_TYPE: some}
    found = {frozenset(row["types"]) for row in typed}
    union = frozenset[str]().union(*found)
    if len(found) > 1 and not merge:
        return {"types": None, "types_from": "", HAS_ANY_TYPE: True if all(found) else None}
    return {"types": [name for name in TYPE_NAMES if name in union], "types_from": typed[0]["types_from"], HAS_ANY_TYPE: None}


def _one_row(rows: list[dict[str, Any]], *, merge: bool) -> dict[str, Any]:
    first = rows[0]
    if len(rows) == 1:
        return first
    for name in LABEL_FIELDS:
        other = next((row for row in rows[1:] if row[name] != first[name]), None)
        if other is not None:
            raise DataError(
                f"Two rows of one text have different labels ({name}).",
                where=str(first["where"] or first["row_id"]),
                expected="one label for one text in a group",
                found=f"{first['row_id']!r} says {first[name]!r}, {other['row_id']!r} says {other[name]!r}",
                hint="correct one of the rows",
            )
    joined: dict[str, Any] = {name: BLANK_LINE.join(dict.fromkeys(row[name] for row in rows if row[name])) for name in _MERGED}
    joined |= _types_of(rows, merge=merge)
    given = [row["confidence"] for row in rows if row["confidence"] is not None]
    joined |= {
        "weight": sum(row["weight"] for row in rows) / len(rows),
        "confidence": sum(given) / len(given) if given else None,
    }
    return {**first, **joined}
