"""Rows that repeat a song's concept → one row for each concept."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rebracket_core.corpus.fields import FIELDS
from rebracket_core.corpus.schema import make_frame
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXIS_NAMES

LABEL_FIELDS: tuple[str, ...] = ("album", *AXIS_NAMES, *(f"{axis}_stated" for axis in AXIS_NAMES), "types")
_MERGED = tuple(field.name for field in FIELDS if field.merges)
BLANK_LINE = "\n\n"


def collapse_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with each concept of a group once, at the place of its first row and under that row's id.

    The distinct descriptions and lyrics of the repeats are joined in order by a blank line; weights are averaged.
    Raises DataError, naming the rows, where repeats carry different labels.
    """
    kept: dict[tuple[str, str], list[int]] = {}
    keys = list(zip(frame["group_id"].tolist(), frame["concept"].tolist(), strict=True))
    for at, key in enumerate(keys):
        kept.setdefault(key, []).append(at)
    if len(kept) == len(frame):
        return frame.reset_index(drop=True)
    records = frame.to_dict("records")
    return make_frame(_one_row([records[at] for at in places]) for places in kept.values())


def _one_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
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
    return {**first, **joined, "weight": sum(row["weight"] for row in rows) / len(rows)}
