"""JSON text → plain values within bounds: the one reader of JSON that comes from outside."""

from __future__ import annotations

import json
import re
from typing import Any

from rebracket_core.corpus.limits import MAX_CELL_CHARS, MAX_JSON_NODES, MAX_JSON_OBJECTS, MAX_NESTING
from rebracket_core.errors import DataError

_PIECE_CHARS = 1 << 20
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def bounded_json(text: str | bytes, *, where: str = "") -> Any:
    """The values of a JSON text, as `json.loads` gives them, with its ValueError and RecursionError.

    Raises DataError, before anything is made of it, for a text of too many values or objects, and for one that is nested
    deeper than MAX_NESTING.
    """
    told = text if isinstance(text, str) else text.decode("utf-8")
    opened = told.count("[") + told.count("{")
    if opened + told.count(",") > MAX_JSON_NODES or told.count("{") > MAX_JSON_OBJECTS:
        _check_size(told, where=where)
    value = json.loads(told)
    if opened > MAX_NESTING:
        _check_nesting(value, where=where)
    return value


def _check_size(text: str, *, where: str) -> None:
    """Refuse what holds too many values, or a string of more than MAX_CELL_CHARS; the text is looked at piece by piece."""
    objects = nodes = 0
    kept = ""
    for start in range(0, len(text), _PIECE_CHARS):
        bare = _STRING.sub("", kept + text[start : start + _PIECE_CHARS])
        opened = bare.find('"')  # a string that ends in a later piece
        bare, kept = (bare, "") if opened < 0 else (bare[:opened], bare[opened:])
        objects += bare.count("{")
        nodes += bare.count("[") + bare.count("{") + bare.count(",")
        if nodes > MAX_JSON_NODES or objects > MAX_JSON_OBJECTS or len(kept) > MAX_CELL_CHARS:
            raise DataError(
                "The JSON holds too many values, or a text without end.",
                expected=f"at most {MAX_JSON_NODES:,} values, of them {MAX_JSON_OBJECTS:,} objects",
                found=f"{nodes:,}, of them {objects:,} objects, before its end",
                hint="split it, or use Parquet",
                where=where,
            )


def _check_nesting(value: Any, *, where: str) -> None:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_NESTING):
        if not level:
            return
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [v for values in inner for v in values if isinstance(v, (dict, list))]
    if not level:
        return
    raise DataError(
        "The JSON is nested too deep.",
        expected=f"at most {MAX_NESTING} levels",
        found="more",
        hint="write one flat record a concept",
        where=where,
    )
