"""JSON text → plain values within bounds: the one reader of JSON that comes from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from rebracket_core.corpus.limits import MAX_CELL_CHARS, MAX_JSON_NODES, MAX_JSON_OBJECTS, MAX_NESTING
from rebracket_core.errors import DataError
from rebracket_core.texts import brief

_PIECE_CHARS = 1 << 20
_CUT_CHARS = 8
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def bounded_json(text: str | bytes, *, where: str = "", once: bool = True) -> Any:
    """The values of a JSON text, as `json.loads` gives them, with its ValueError and RecursionError.

    Raises DataError, before anything is made of it, for a text of too many values or objects, and for one that is nested
    deeper than MAX_NESTING; also (with `once`) for an object in which a key stands twice with different values.
    """
    document = text if isinstance(text, str) else text.decode("utf-8")
    opened = document.count("[") + document.count("{")
    if opened + document.count(",") > MAX_JSON_NODES or document.count("{") > MAX_JSON_OBJECTS:
        _check_size(document, where=where)
    try:
        value = json.loads(document, object_pairs_hook=with_each_key_once if once else None)
    except RepeatedKeyError as error:
        raise DataError(
            f"The key {error.key!r} stands twice in a JSON object.",
            expected="each key once",
            found=brief(error.values, chars=120),
            hint="keep the right one",
            where=where,
        ) from error
    if opened > MAX_NESTING:
        _check_nesting(value, where=where)
    return value


class RepeatedKeyError(Exception):
    """A key that stands twice in a JSON object, and its two values."""

    def __init__(self, key: str, values: list[Any]) -> None:
        super().__init__(key)
        self.key, self.values = key[:100], values


def with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. Raises RepeatedKeyError for a key that stands twice with different values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if value is not found[key] and value != found[key]:
                raise RepeatedKeyError(key, [value, found[key]])
    return found


def load_json(text: str, *, where: str) -> Any:
    """The values of a JSON document. Raises DataError where it cannot be read."""
    try:
        return bounded_json(text, where=where)
    except (ValueError, RecursionError) as error:
        raise DataError(
            "The JSON cannot be read.",
            expected="one JSON document",
            found=str(error)[:200],
            hint="correct it, or write one record a line",
            where=where,
        ) from error


def is_json(text: str) -> bool:
    """Whether the whole text is one JSON array or object. Raises DataError for one that passes the bounds."""
    if text.lstrip()[:1] not in ("[", "{"):
        return False
    try:
        bounded_json(text)
    except (ValueError, RecursionError):
        return False
    return True


def first_lines_are_json(text: str) -> bool:
    """Whether the first line that is not blank is a JSON object by itself, or all of the first lines are JSON texts."""
    lines = [line for line in text[:200_000].split("\n") if line.strip()][:20]
    firsts = [_line_value(line) for line in lines]
    return bool(firsts) and (isinstance(firsts[0], Mapping) or (len(firsts) > 1 and all(isinstance(v, str) for v in firsts)))


def _line_value(line: str) -> Any:
    try:
        return bounded_json(line, once=False)
    except (ValueError, RecursionError, DataError):
        return None


def begins_as_json(text: str) -> bool:
    """Whether a text that is cut off is the beginning of one JSON array or object."""
    start = text.strip()
    if start[:1] not in ("[", "{"):
        return False
    try:
        end = json.JSONDecoder().raw_decode(start)[1]
        return not start[end:].strip()
    except json.JSONDecodeError as error:
        return error.pos >= len(start) - _CUT_CHARS or error.msg.startswith("Unterminated string")
    except (ValueError, RecursionError):
        return False


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
