"""A data set → the points of a map: each different text once, with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXIS_NAMES, MODES, album_named

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NONE, SEVERAL = "none", "several"
CATEGORIES = ("group_id", "origin", "album", *AXIS_NAMES, "type")


def map_rows(frame: pd.DataFrame, *, text: str) -> pa.Table:
    """One row a different text, in the order of its first row: that row's id, what is known of it, and `n_rows` with this text.

    Columns: row_id, text, title, n_rows and the CATEGORIES, whose values are words or null. Raises DataError where no row has
    the text.
    """
    import pyarrow as pa

    points: dict[str, dict[str, Any]] = {}
    for row in frame.to_dict("records"):
        content = str(row[text]).strip()
        if not content:
            continue
        if known := points.get(content):
            known["n_rows"] += 1
        else:
            points[content] = _point(row, text=content)
    if not points:
        raise DataError(
            "No row has this text.", expected=f"texts in the field {text}", found="none", hint="choose another text field"
        )
    table = pa.Table.from_pylist(list(points.values()))
    for name in CATEGORIES:
        words = table[name].cast(pa.string()).combine_chunks().dictionary_encode()
        table = table.set_column(table.schema.get_field_index(name), name, words)
    return table


def _point(row: Mapping[Any, Any], *, text: str) -> dict[str, Any]:
    album = album_named(row["album"]) if row["album"] else None
    types = row["types"]
    return {
        "row_id": str(row["row_id"]),
        "text": text,
        "title": str(row["title"]),
        "n_rows": 1,
        "group_id": str(row["group_id"]),
        "origin": str(row["origin"]),
        "album": album.name if album else None,
        **{axis: _mode(row, axis, modes=album.modes[axis] if album else row[f"{axis}_stated"]) for axis in AXIS_NAMES},
        "type": None if types is None else NONE if not len(types) else types[0] if len(types) == 1 else SEVERAL,
    }


def _mode(row: Mapping[Any, Any], axis: str, *, modes: Any) -> str | None:
    """The mode of a row on an axis in words: what people said first, then the album's; None where nothing is known."""
    given = row[axis]
    if given is not None:
        top = max(range(len(given)), key=lambda k: given[k])
        return MODES[axis][top]
    if modes is None:
        return None
    return " + ".join(mode for mode in MODES[axis] if mode in modes) or NONE
