"""What counts as a text, and when two texts are the same."""

from __future__ import annotations

import re
import reprlib
import unicodedata

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TERMINAL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
# Characters that are shown as nothing (Unicode's Default_Ignorable_Code_Point), but for joiners and variation selectors.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000\U000e0001]"
)
_JOINER = "[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]"
_LONE_JOINER = re.compile(rf"(?<=[\0-\u02ff]){_JOINER}+|\A{_JOINER}+|[\u200c\u200d]+(?=[\0-\u02ff])|[\u200c\u200d]+\Z")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MOST_MARKS = 30
_MAY_BE_MARKS = re.compile(rf"[^\w\x00-\x7f]{{{_MOST_MARKS + 1},}}")
_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/'\"]+[\\/])*")
_NOT_WORD = re.compile(r"[\W_]+")
# All of Unicode's Default_Ignorable_Code_Point, joiners and variation selectors too: what no name is told apart by.
_IGNORABLES = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IGNORABLE = re.compile(f"[{_IGNORABLES}]")


def clean_text(text: str) -> str:
    """The text as it is read and scored: what looks the same is the same.

    Newlines are plain, letters composed (Unicode's NFC); control characters, outer blanks and signs that nobody sees (soft
    hyphens, zero-width spaces, marks of direction) go; half surrogates become U+FFFD. Joiners stay between letters of scripts
    that need them, and between emoji.
    """
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain.strip() if plain.isascii() else _visible(_SURROGATE.sub("\ufffd", plain))


def _visible(text: str) -> str:
    text = _INVISIBLE.sub("", text).strip()
    if any(_joined_marks(run) != run.group() for run in _MAY_BE_MARKS.finditer(text)):
        return text  # no writing has such a run of marks, and to put it in order takes the square of its length
    while (found := _LONE_JOINER.sub("", unicodedata.normalize("NFC", text)).strip()) != text:
        text = found
    return text


def identity(text: str) -> str:
    """The text by which a person, a group or an id is known: as `clean_text` gives it, each blank a space, none twice."""
    return " ".join(clean_text(text).split())


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


def stream_safe(text: str) -> str:
    """The text with a combining grapheme joiner (U+034F) after every 30 combining marks in a row.

    This is Unicode's Stream-Safe Text Format (UAX #15): the time that normalising takes grows with the square of such a run,
    which no script has.
    """
    return _MAY_BE_MARKS.sub(_joined_marks, text)


def _joined_marks(run: re.Match[str]) -> str:
    out: list[str] = []
    marks = 0
    for sign in run.group():
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks > _MOST_MARKS:
            out.append("\u034f")
            marks = 1
        out.append(sign)
    return "".join(out)


def normalised_text(text: str) -> str:
    """The text as it is compared: compatibility forms, case, punctuation and spacing no longer matter.

    A text without a letter or digit is compared as it stands.
    """
    folded = unicodedata.normalize("NFKC", stream_safe(text)).casefold()
    return _NOT_WORD.sub(" ", folded).strip() or folded.strip()


def caseless_name(name: str) -> str:
    """The name as names are compared: Unicode's NFKC_Casefold, blanks joined.

    Case, compatibility forms, the way an accent is composed and characters that nobody sees (Default_Ignorable) no longer
    matter.
    """
    folded = unicodedata.normalize("NFD", stream_safe(_IGNORABLE.sub("", identity(name)))).casefold()
    folded = unicodedata.normalize("NFKC", folded).casefold()
    return " ".join(_IGNORABLE.sub("", unicodedata.normalize("NFKC", folded)).split())


def matched_text(text: str) -> str:
    """The text as a label's text is found again: composed, blanks and line ends joined, without what nobody sees.

    Case and punctuation matter still.
    """
    return " ".join(_IGNORABLE.sub("", clean_text(text)).split())
