"""Predictions as files and as text: CSV, JSON lines and a table for the terminal.

Everything takes dicts as `Prediction.to_dict()` gives them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.reports.verdict_writers import plain
from rebracket_core.spreadsheet import harmless

_PARTS: dict[str, tuple[str, ...]] = {
    "types": TYPE_NAMES,
    "album_probabilities": ALBUM_NAMES,
    **{axis: MODES[axis] for axis in AXIS_NAMES},
}
_PREFIX = {"types": "type", "album_probabilities": "album_probability"}
_PLAIN = ("id", "source", "text", "run_id", "predicted_types", "any_type", "has_any_type", "album")
_LAST = ("chromatic_confidence", "ood_p_value", "error")


def prediction_columns() -> tuple[str, ...]:
    """The names of the columns of the CSV, in their fixed order."""
    parts = [f"{_PREFIX.get(name, name)}_{part}" for name, own in _PARTS.items() for part in own]
    return (*_PLAIN, *parts, *_LAST)


def predictions_csv(predictions: Iterable[Mapping[str, Any]]) -> bytes:
    """The predictions as CSV, UTF-8 with a byte order mark; what was not learnt is an empty cell.

    A text that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay numbers.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(prediction_columns())
    for prediction in map(plain, predictions):
        parts = [(prediction.get(name) or {}).get(part) for name, own in _PARTS.items() for part in own]
        row = [*(prediction.get(name) for name in _PLAIN), *parts, *(prediction.get(name) for name in _LAST)]
        writer.writerow([_cell(value) for value in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def predictions_jsonl(predictions: Iterable[Mapping[str, Any]]) -> bytes:
    """The predictions as JSON lines, UTF-8, one line each, never NaN."""
    lines = (json.dumps(plain(one), ensure_ascii=False, allow_nan=False) for one in predictions)
    return "".join(f"{line}\n" for line in lines).encode()


def prediction_rows(predictions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a prediction for people: what is predicted, how probable it is, and the text; empty columns are left out."""
    rows = [_row(one) for one in predictions]
    used = [name for name in (rows[0] if rows else {}) if any(row[name] is not None for row in rows)]
    return [{name: row[name] for name in used} for row in rows]


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    types, chosen = one.get("types") or {}, one.get("predicted_types")
    return {
        "id": one["id"],
        "types": None if chosen is None else ", ".join(chosen) or "none",
        "likeliest": f"{max(types, key=lambda k: types[k])} {max(types.values()):.2f}" if types else None,
        "any type": None if one.get("has_any_type") is None else ("yes" if one["has_any_type"] else "no"),
        "probability of any": one.get("any_type"),
        "album": one.get("album"),
        "unlike the training texts (p)": one.get("ood_p_value"),
        "error": one.get("error"),
        "text": str(one["text"]),
    }


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else value
