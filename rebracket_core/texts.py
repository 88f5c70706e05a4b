"""What counts as a text, and when two texts are the same."""

from __future__ import annotations

import re
import reprlib
import unicodedata
from functools import cache

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_TERMINAL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Blanks that differ from a space in width or in where a line may break, which no reader takes for another text.
_BLANK = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
# Unicode's Default_Ignorable_Code_Point, shown as nothing of their own: no name is told apart by them, and no text by any but
# joiners (U+200C, U+200D) and tags (U+E0020 to U+E007F) that stand where they mean something.
_TAGS = "\U000e0020-\U000e007f"
_NEVER_SHOWN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e0fff"
)
IGNORABLES = f"{_NEVER_SHOWN}\u200c\u200d{_TAGS}"
"""All default-ignorable characters, as they stand between the brackets of a regular expression."""

_IGNORABLE = re.compile(f"[{IGNORABLES}]")
# Flags of countries' parts are a black flag with tags behind it; tags anywhere else are hidden words.
_INVISIBLE = re.compile(f"(\U0001f3f4[\U000e0061-\U000e007a]{{3,6}}\U000e007f)|[{_NEVER_SHOWN}{_TAGS}]")
_JOINERS = re.compile("[\u200c\u200d]+")
_ODD = re.compile(f"[{IGNORABLES}\x7f-\xa0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]")
_VIRAMA = 9  # the combining class of the sign that takes a consonant's vowel, and joins it to the next
# Scripts whose letters join as in handwriting.
_CURSIVE = re.compile(
    "[\u0620-\u064a\u066e-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0710-\u072f\u074d-\u077f\u07ca-\u07ea\u0840-\u0858\u0860-\u086a"
    "\u0870-\u08c9\u1807\u1820-\u18aa\ua840-\ua873\U00010ac0-\U00010aef\U00010b80-\U00010baf\U00010d00-\U00010d23"
    "\U00010f30-\U00010fcb\U0001e900-\U0001e943]"
)
_PICTURES = frozenset("\u2194\u2195\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MOST_MARKS = 30
_MAY_BE_MARKS = re.compile(rf"[^\w\x00-\x7f]{{{_MOST_MARKS + 1},}}")
_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[\\/](?:[^\s\\/'\"]+[\\/])*")
_NOT_WORD = re.compile(r"[\W_]+")


def clean_text(text: str) -> str:
    """The text as it is read and scored: what looks the same is the same.

    Newlines are plain, blanks are spaces, letters composed (Unicode's NFC); control characters, outer blanks and signs that
    nobody sees (soft hyphens, zero-width spaces, marks of direction, variation selectors, tags) go; half surrogates become
    U+FFFD. Joiners stay where they change what is seen: a non-joiner between letters that would join, a joiner at a virama
    or between the parts of one emoji. Cleaning twice is cleaning once.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text.strip()  # nothing to clean, as in most texts
    plain = _CONTROL.sub("", plain_newlines(text))
    if plain.isascii() or (_ODD.search(plain) is None and unicodedata.is_normalized("NFC", plain)):
        return plain.strip()
    return _visible(_SURROGATE.sub("\ufffd", _BLANK.sub(" ", plain)))


def plain_newlines(text: str) -> str:
    """The text with a line feed for each sign that ends a line: CR, CR LF, U+000B, U+000C, U+0085, U+2028, U+2029."""
    return _LINE_END.sub("\n", text)


def _visible(text: str) -> str:
    text = _INVISIBLE.sub(lambda found: found[1] or "", text).strip()
    if any(_joined_marks(run) != run.group() for run in _MAY_BE_MARKS.finditer(text)):
        return text  # no writing has such a run of marks, and to put it in order takes the square of its length
    while (found := _JOINERS.sub(_seen_joiner, unicodedata.normalize("NFC", text)).strip()) != text:
        text = found
    return text


def _seen_joiner(run: re.Match[str]) -> str:
    """What a run of joiners is between its neighbours: one joiner where it changes what is seen, else nothing."""
    text, start, end = run.string, run.start(), run.end()
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    if not before:
        return ""
    if unicodedata.combining(before) == _VIRAMA:
        return run.group()[0] if run.group()[0] == "\u200d" or after.isalpha() else ""
    if not after:
        return ""
    if unicodedata.combining(after) == _VIRAMA and before.isalpha():
        return run.group()[0]
    if set(run.group()) == {"\u200d"}:
        return "\u200d" if _is_picture(before) and _is_picture(after) else ""
    while start > 1 and unicodedata.category(text[start - 1]) == "Mn":
        start -= 1
    return "\u200c" if _joins(text[start - 1])[0] and _joins(after)[1] else ""


def _is_picture(sign: str) -> bool:
    return sign in _PICTURES or (sign >= "\u2000" and unicodedata.category(sign) == "So")


def _joins(letter: str) -> tuple[bool, bool]:
    """Whether a letter joins the one after it, and the one before it, in a script that joins letters."""
    if _CURSIVE.match(letter) is None:
        return False, False
    forms = _forms().get(letter)
    return (True, True) if forms is None else ("<initial>" in forms, "<final>" in forms)


@cache
def _forms() -> dict[str, set[str]]:
    """The forms in which Unicode's presentation forms have an Arabic letter, by the letter."""
    found: dict[str, set[str]] = {}
    for code in (*range(0xFB50, 0xFDFE), *range(0xFE70, 0xFEFD)):
        form, _, letters = unicodedata.decomposition(chr(code)).partition(" ")
        if form.startswith("<") and len(letters) == 4:
            found.setdefault(chr(int(letters, 16)), set()).add(form)
    return found


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


def field_key(name: str) -> str:
    """The name of a column or field as it is looked up: in any case, without blanks around it and signs that nobody sees."""
    return name.strip().casefold() if name.isascii() else caseless_name(name)


def matched_text(text: str) -> str:
    """The text as a label's text is found again: composed, blanks and line ends joined, without what nobody sees.

    Case and punctuation matter still.
    """
    return " ".join(_IGNORABLE.sub("", clean_text(text)).split())
