"""Words, letters and lists as people write them → albums, mode sets and types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rebracket_core.errors import InputError
from rebracket_core.rainbow._table import ALBUM_NAMES, ALBUMS, MODES, TYPE_NAMES, Album
from rebracket_core.texts import brief

_NONE_WORDS = frozenset({"", "none", "null", "nan", "-", "–", "n/a", "na"})
_ALBUM_BY_WORD = {word.casefold(): album for album in ALBUMS for word in (album.name, album.key)}
_SEPARATORS = re.compile(r"[,;/|+&]|\band\b", re.IGNORECASE)


def _is_nothing(value: object) -> bool:
    if value is None or (isinstance(value, float) and value != value):
        return True
    return isinstance(value, str) and value.strip().casefold() in _NONE_WORDS


def _words(value: object, *, what: str) -> list[str]:
    if _is_nothing(value):
        return []
    if isinstance(value, str):
        return [w for w in (part.strip().strip("[]'\"") for part in _SEPARATORS.split(value)) if not _is_nothing(w)]
    if isinstance(value, Iterable) and not isinstance(value, (Mapping, bytes)):
        return [word for item in value for word in _words(item, what=what)]
    raise InputError(
        f"The {what} cannot be read.",
        expected="a word, a list of words or nothing",
        found=brief(value),
        hint=f"write the {what} as a word",
    )


def parse_album(value: object) -> Album | None:
    """The album meant by a name, a letter or a mapping with `color_name`; None for nothing at all.

    Upper and lower case are the same. Raises InputError naming the word that belongs to no album.
    """
    if isinstance(value, Album):
        return value
    if isinstance(value, Mapping):
        for field in ("color_name", "name", "mnemonic_character_value"):
            if not _is_nothing(value.get(field)):
                return parse_album(value[field])
        return None
    if _is_nothing(value):
        return None
    plain = isinstance(value, (str, int, float))
    album = _ALBUM_BY_WORD.get(str(value).strip().casefold()) if plain else None
    if album is None:
        letters = ", ".join(a.key for a in ALBUMS)
        raise InputError(
            "This word names no album.",
            expected=f"one of {', '.join(ALBUM_NAMES)} or a letter of {letters}",
            found=brief(value),
            hint="correct the colour",
        )
    return album


def parse_modes(axis: str, value: object) -> frozenset[str]:
    """The set of modes that a value means on one axis: empty, one or several.

    Reads "Known, Forgotten", lists and any case; raises InputError naming an unknown word.
    """
    allowed = MODES[axis]
    words = [word.casefold() for word in _words(value, what=f"{axis} mode")]
    for word in words:
        if word not in allowed:
            raise InputError(
                f"This word is no {axis} mode.",
                expected=f"one of {', '.join(allowed)}, or nothing",
                found=brief(word),
                hint="correct the mode",
            )
    return frozenset(words)


def parse_types(value: object) -> frozenset[str]:
    """The set of rebracketing types that a value names; raises InputError naming an unknown word."""
    words = [word.casefold() for word in _words(value, what="rebracketing type")]
    for word in words:
        if word not in TYPE_NAMES:
            raise InputError(
                "This word is no rebracketing type.",
                expected=f"one of {', '.join(TYPE_NAMES)}, or nothing",
                found=brief(word),
                hint="correct the type",
            )
    return frozenset(words)
