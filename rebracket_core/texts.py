"""What counts as a text, and when two texts are the same."""

from __future__ import annotations

import re
import reprlib
import unicodedata

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TERMINAL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/'\"]+[\\/])*")
_NOT_WORD = re.compile(r"[\W_]+")


def clean_text(text: str) -> str:
    """The text with plain newlines, without control characters and outer blanks; half surrogates become U+FFFD."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", plain)).strip()


def whole_text(text: str) -> str:
    """The text with U+FFFD in the place of half surrogates, which no encoding takes; everything else stays."""
    return _SURROGATE.sub("\ufffd", text)


def without_paths(text: str, *, home: str = "") -> str:
    """The text with the bare names of the files that it names: their folders say how a machine is laid out.

    `home` is a folder whose own name may hold blanks; what lies below it keeps its path from there.
    """
    for folder in (f"{home}/", f"{home}\\", home) if home.strip("/\\.") else ():
        text = text.replace(folder, "")
    return _FOLDERS.sub("", text)


def clean_note(text: str) -> str:
    """What a person wrote, as it is kept: plain newlines, no outer blanks, no control characters that only a terminal obeys.

    Every sign that stands between lines or parts (U+000B, U+000C, U+001C to U+001E, U+0085, U+2028, U+2029) stays.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\ufffd", _TERMINAL.sub("", plain)).strip()


def brief(value: object, *, chars: int = 200) -> str:
    """How a value is shown in a message: its `repr`, of which long texts, long lists and deep nesting are left out."""
    shower = reprlib.Repr()
    shower.maxstring = shower.maxother = shower.maxlong = chars
    shower.maxlevel = 3
    return shower.repr(value)[:chars]


def has_words(text: str) -> bool:
    """Whether the text holds at least one letter of any script."""
    return any(ch.isalpha() for ch in text)


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same but for case, punctuation and spacing."""
    return normalised_text(one) == normalised_text(other)


def normalised_text(text: str) -> str:
    """The text as it is compared: compatibility forms, case, punctuation and spacing no longer matter.

    A text without a letter or digit is compared as it stands.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_WORD.sub(" ", folded).strip() or folded.strip()
