"""Cells → labels: albums, modes, shares of modes and rebracketing types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rebracket_core.corpus.readers.json_text import bounded_json
from rebracket_core.errors import DataError, InputError
from rebracket_core.rainbow import MODES, TYPE_NAMES, parse_album, parse_modes, parse_types
from rebracket_core.texts import brief

_ALBUM_KEYS = ("color_name", "name", "mnemonic_character_value")
_UNLABELLED = frozenset({"unlabeled", "unlabelled"})
_NULL_WORDS = frozenset(("nan", "NaN", "NAN", "-nan", "-NaN", "null", "NULL", "Null", "NaT", "\\N")) | frozenset(
    ("NA", "N/A", "n/a", "<NA>", "None", "NONE", "#N/A", "#NA", "#n/a", "#NULL!", "#N/D", "#NV")
)
_NULL_CHARS = 32
_NO_MODE = frozenset({"None", "NONE"})  # said of an axis: no mode at all
_SUM_SLACK = 0.02
_YES, _NO = frozenset({"1", "1.0", "true", "t", "yes", "y"}), frozenset({"0", "0.0", "false", "f", "no", "n"})
_MOST = 1e9  # above any share; infinity, NaN and a whole number that no float can hold are not below it


def missing(value: object) -> bool:
    """Whether a cell says nothing: None, NaN, blank, or a word that tables write for nothing (nan, NULL, NA, #N/A)."""
    if isinstance(value, str):
        return not value.strip() or is_null_word(value)
    return value is None or (isinstance(value, float) and value != value)


def is_null_word(text: str) -> bool:
    """Whether a text is one of the words that tables write for nothing, as spreadsheets, R, SQL and pandas spell them."""
    return len(text) < _NULL_CHARS and text.strip() in _NULL_WORDS


def read_album(value: object) -> str | None:
    """The name of the album that a cell means, None for nothing; an unknown word is an InputError that names it."""
    if missing(value) or (isinstance(value, str) and value.strip().casefold() in _UNLABELLED):
        return None
    if isinstance(value, Mapping) and value and not any(str(key) in _ALBUM_KEYS or str(key).endswith("_mode") for key in value):
        raise InputError(
            "This mapping names no album.",
            expected=f"a field {' or '.join(_ALBUM_KEYS)}",
            found=brief(dict(value)),
            hint="write the album's name",
        )
    album = parse_album(value)
    return album.name if album else None


def read_axis(axis: str, value: object) -> tuple[list[float] | None, list[str] | None]:
    """What a cell says of one axis: (shares in mode order, None), (None, modes in mode order) or (None, None).

    A mapping or three numbers are shares; words, lists and "none" are modes ([] = none). Raises InputError naming an
    unknown mode, and DataError for shares that are negative or do not sum to 1.
    """
    if missing(value) and not (isinstance(value, str) and value.strip() in _NO_MODE):
        return None, None
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        value = _json_or_same(value)
    if isinstance(value, Mapping):
        return _shares(axis, {str(k).strip().casefold(): v for k, v in value.items()}), None
    if isinstance(value, (list, tuple)) and any(_is_number(v) for v in value):
        if len(value) != len(MODES[axis]):
            raise DataError(
                f"The {axis} shares cannot be read.",
                expected="three numbers",
                found=brief(value),
                hint=f"give the shares of {', '.join(MODES[axis])}",
            )
        return _shares(axis, dict(zip(MODES[axis], value, strict=True))), None
    chosen = parse_modes(axis, value)
    return None, [mode for mode in MODES[axis] if mode in chosen]


def read_types(value: object) -> list[str] | None:
    """The rebracketing types that a cell names, in the table's order; None where it says nothing ([] = "none")."""
    if missing(value) and not (isinstance(value, str) and value.strip() in _NO_MODE):
        return None
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        value = _json_or_same(value)
    chosen = parse_types(value)
    return [name for name in TYPE_NAMES if name in chosen]


def read_yes_or_no(value: object) -> bool | None:
    """Whether a cell says yes or no, None where it says nothing: a switch, 0 or 1 in any spelling, or a word for it.

    Raises InputError that names anything else.
    """
    if missing(value):
        return None
    word = str(value).strip().casefold()
    if isinstance(value, (bool, int, float)):
        word = str(int(value)) if value in (0, 1) else word
    if word in _YES or word in _NO:
        return word in _YES
    raise InputError(
        "This is neither yes nor no.", expected="true or false, yes or no, 1 or 0", found=brief(value), hint="correct the cell"
    )


def read_weight(value: object) -> float:
    """The weight that a cell gives, 1 where it gives none; raises DataError for what is no number of 0 or more."""
    if missing(value):
        return 1.0
    try:
        weight = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        weight = -1.0
    if not math.isfinite(weight) or weight < 0:
        raise DataError(
            "The weight cannot be read.", expected="a number of 0 or more", found=brief(value), hint="correct the weight"
        )
    return weight


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shares(axis: str, given: Mapping[str, Any]) -> list[float]:
    unknown = sorted(set(given) - set(MODES[axis]))
    if unknown:
        raise InputError(
            f"This word is no {axis} mode.",
            expected=f"one of {', '.join(MODES[axis])}",
            found=", ".join(map(repr, unknown)),
            hint="correct the mode",
        )
    shares = [given.get(mode) or 0 for mode in MODES[axis]]
    if not all(_is_number(s) and 0 <= s <= _MOST for s in shares) or abs(sum(shares) - 1) > _SUM_SLACK:
        raise DataError(
            f"The {axis} shares are no distribution.",
            expected="numbers of 0 or more that sum to 1",
            found=brief(dict(given)),
            hint="correct the shares",
        )
    return [float(s) / float(sum(shares)) for s in shares]


def _json_or_same(value: str) -> Any:
    try:
        return bounded_json(value)
    except (ValueError, RecursionError):
        return value
