"""Plain text: a concept a paragraph, or a concept a line where no line is blank."""

from __future__ import annotations

import re

from rebracket_core.corpus.readers.intake import Hints, Intake
from rebracket_core.texts import clean_text

_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")


def split_texts(text: str) -> list[str]:
    """The texts of a file: its paragraphs, set apart by blank lines; its lines where it has one paragraph only."""
    whole = clean_text(text)
    parts = _BLANK_LINES.split(whole)
    return [part.strip() for part in (parts if len(parts) > 1 else whole.split("\n")) if part.strip()]


def take_plain(text: str, *, name: str, stem: str, hints: Hints, into: Intake) -> None:
    """Put each text of a file into the intake, as a group of its own and without labels."""
    texts = split_texts(text)
    into.note("Plain text: " + ("each paragraph" if "\n\n" in clean_text(text) else "each line") + " was taken as a concept.")
    for number, concept in enumerate(texts, start=1):
        row_id = f"{hints.prefix}{stem}-{number:04d}"
        into.take(
            {"row_id": row_id, "group_id": row_id, "origin": "text", "where": f"{name}:text {number}", "concept": concept}
        )
