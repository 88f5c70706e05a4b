"""Bytes → text, whatever the encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rebracket_core.corpus.limits import MAX_LINES
from rebracket_core.errors import DataError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FORMATS = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x1f\x8b", "a gzip file"),
    (b"RIFF", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"ID3", "a sound file"),
    (b"MThd", "a MIDI file"),
    (b"SQLite format 3", "a database"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"7z\xbc\xaf", "a 7-zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"OggS", "a sound file"),
    (b"FORM", "a sound file"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
    (b"\x7fELF", "a program"),
)
_AS_LYRICS = "export the words as text, or for a song as LRC"
# Files that are written in letters and hold no text of a person's: how they begin, what they are, and what to do.
_IN_LETTERS = (
    (r"version https://git-lfs\.github\.com/spec/", "a pointer to a file in Git LFS", "fetch the file itself: git lfs pull"),
    (r"<!doctype html|<html[\s>]|<head[\s>]", "a web page", "download the file itself; the page may ask to sign in"),
    (r"<\?xml|<svg[\s>]|<rss[\s>]", "XML", "export it as text or CSV"),
    (r"\{\\rtf", "RTF (a word processor's file)", "save it as plain text"),
    (r"%!PS|%FDF-", "PostScript", "export it as text"),
    (r"-----BEGIN [A-Z ]+-----", "a key or certificate", "give a file of texts"),
    (r"MIME-Version: 1\.", "a saved web page or mail (MIME)", "save it as plain text"),
    (r"WEBVTT(?:[ \t:-]|\r?\n|\Z)", "subtitles (WebVTT)", _AS_LYRICS),
    (r"\d+[ \t]*\r?\n\d+:\d\d:\d\d[,.]\d{1,3}[ \t]*-->", "subtitles (SubRip)", _AS_LYRICS),
    (r"\[Script Info\]", "subtitles (SubStation Alpha)", _AS_LYRICS),
    (
        r"<(?:p|div|table|ul|ol|body|article|section|pre|blockquote|h[1-6])[\s>]",
        "a piece of a web page",
        "save it as plain text",
    ),
    (r"\\documentclass|\\begin\{document\}", "LaTeX", "export it as text"),
)
_OTHER = tuple((re.compile(pattern, re.IGNORECASE), what, hint) for pattern, what, hint in _IN_LETTERS)
_COMMENT = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)*", re.DOTALL)
# Valid UTF-8 is rarely anything but text; any bytes at all can be read as cp1252 or latin-1.
_MAX_CONTROL_SHARE = {True: 0.3, False: 0.05}
_MIN_ZERO_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text without NUL characters, the encoding it was read as, and a note where a person should look."""

    text: str
    encoding: str
    note: str = ""


def decode(data: bytes) -> Decoded:
    """The text of a file: by byte order mark, as UTF-8, as UTF-16 without a mark, else as cp1252 or latin-1.

    Raises DataError for an empty file, for what is no text and for more than MAX_LINES lines.
    """
    if not data.strip():
        raise DataError("The file is empty.", expected="text", found=f"{len(data)} bytes", hint="check the export")
    for magic, name in _FORMATS:
        if data.startswith(magic):
            raise DataError(
                "The file is no text.",
                expected="text, YAML, CSV, JSON, Parquet or ZIP",
                found=name,
                hint="export it as text or CSV",
            )
    text, encoding = _text_of(data)
    text = text.lstrip("\ufeff")  # a file that was saved with a mark twice
    _refuse_other_forms(text)
    nuls = text.count("\0")
    odd = nuls + sum(
        1 for ch in text[:20_000] if (ch < " " and ch not in "\n\r\t\f\0") or ("\x7f" <= ch <= "\x9f" and ch != "\x85")
    )
    if odd > _MAX_CONTROL_SHARE[encoding.startswith("utf")] * max(1, min(len(text), 20_000)) + 2:
        raise DataError(
            "The file is no text.", expected="text", found="control characters throughout", hint="export it as text, UTF-8"
        )
    notes = [] if encoding.startswith("utf") else [f"it is not UTF-8 and was read as {encoding}; check its accents"]
    notes += [f"{nuls} NUL characters were left out"] if nuls else []
    plain = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    if (lines := plain.count("\n")) > MAX_LINES:
        raise DataError(
            "The file holds too many lines.",
            expected=f"at most {MAX_LINES:,}",
            found=f"{lines:,}",
            hint="split it, or use Parquet",
        )
    return Decoded(plain, encoding, "; ".join(notes))


def _refuse_other_forms(text: str) -> None:
    """Raise DataError for a text that is no text of a person's but another form, such as a web page."""
    start = text[:4000].removeprefix("\ufeff")
    begins = _COMMENT.match(start)
    at = begins.end() if begins else 0
    for pattern, what, hint in _OTHER:
        if pattern.match(start, at):
            raise DataError("The file is not what it should be.", expected="text or a table", found=what, hint=hint)


def text_lines(text: str) -> Iterator[str]:
    """The lines of a text one by one, each with its line feed; no second copy of the text is made."""
    start = 0
    while end := text.find("\n", start) + 1:
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _text_of(data: bytes) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, "replace"), encoding
    for encoding in (*_wide_guess(data), "utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _wide_guess(data: bytes) -> tuple[str, ...]:
    head = data[:4096]
    half = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if odd > _MIN_ZERO_SHARE and even < 0.1 * odd:
        return ("utf-16-le",)
    if even > _MIN_ZERO_SHARE and odd < 0.1 * even:
        return ("utf-16-be",)
    return ()
