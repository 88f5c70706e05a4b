"""Text for the cells of a CSV file that people open in a spreadsheet: nothing in it is run as a formula."""

from __future__ import annotations

import unicodedata

_FORMULA_SIGNS = frozenset("=+-@")
_REPLACED = "\ufffd"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def harmless(text: str) -> str:
    """The text without NUL characters, with an apostrophe in front where a spreadsheet would see a formula.

    A formula begins with = + - @ (or a wide or small form of one) after any blanks and invisible characters, and some
    programs treat a tab or line break at the beginning as one. Where apostrophes stand before such a beginning already, one
    more is put in front, so that `restored` can undo it.
    """
    text = text.replace("\x00", _REPLACED)
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def restored(cell: str) -> str:
    """The text that `harmless` was given (NUL characters apart); any other cell comes back as it is."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell.lstrip("'")) else cell


def _is_formula(text: str) -> bool:
    first = next((ch for ch in text if not (ch.isspace() or ch == _REPLACED or unicodedata.category(ch) in _INVISIBLE)), "")
    return text[:1] in ("\t", "\r", "\n") or unicodedata.normalize("NFKC", first)[:1] in _FORMULA_SIGNS


def unharmed(cell: str) -> str:
    """The text of which `harmless` made a cell; one that begins with an apostrophe before a formula loses it."""
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell


def guarded(text: str) -> str:
    """The harmless text, in a way that `unguarded` can undo: a text that begins with an apostrophe gets a second one."""
    return f"'{text}".replace("\x00", "\ufffd") if text.startswith("'") else harmless(text)


def unguarded(cell: str) -> str:
    """The text that `guarded` was given (NUL characters apart)."""
    return cell[1:] if cell.startswith("'") else cell
