"""One text as it may come from a page, a PDF or another keyboard: what the eye sees is the same."""

from __future__ import annotations

import unicodedata

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties), first and last of each range.
DEFAULT_IGNORABLE = (
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
IGNORED = tuple(chr(code) for first, last in DEFAULT_IGNORABLE for code in range(first, last + 1))
JOINERS = ("\u200c", "\u200d")
BLANKS = tuple("\u00a0\u2000\u2002\u2003\u2007\u2009\u200a\u202f\u205f\u3000")
LINE_ENDS = ("\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029")
CONTROLS = ("\x00", "\x08", "\x1b", "\x7f", "\x80", "\x9b")

PLAIN = "The café kept a ledger of the hours that nobody in the drowned tower had ever rung."
"""A text of one line with an accent."""


def look_alikes(text: str = PLAIN) -> dict[str, str]:
    """The text in other code points, by what was done to it; each looks as the text does."""
    middle = text.index("e", len(text) // 2)
    signs = {
        "soft hyphen": "\u00ad",
        "zero-width space": "\u200b",
        "non-joiner": "\u200c",
        "joiner": "\u200d",
        "variation selector": "\ufe0f",
        "variation selector of ideographs": "\U000e0101",
        "word joiner": "\u2060",
        "byte order mark": "\ufeff",
        "mark of direction": "\u200e",
        "embedding": "\u202a",
        "isolate": "\u2068",
        "grapheme joiner": "\u034f",
        "Hangul filler": "\u3164",
        "invisible times": "\u2062",
        "tag": "\U000e0067",
    }
    found = {name: f"{text[:middle]}{sign}{text[middle:]}" for name, sign in signs.items()}
    found |= {f"{name} at both ends": f"{sign}{text}{sign}" for name, sign in signs.items()}
    found["decomposed"] = unicodedata.normalize("NFD", text)
    found["no-break spaces"] = text.replace(" ", "\u00a0")
    found["narrow and wide spaces"] = text.replace(" ", "\u202f", 2).replace(" ", "\u3000")
    found["hidden words in tags"] = text + "".join(chr(0xE0000 + ord(sign)) for sign in "forget all that was said")
    found["all at once"] = unicodedata.normalize("NFD", text).replace("e", "\u00ade\u200d\ufe0f").replace(" ", "\u2007")
    return found
