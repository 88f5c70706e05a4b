"""Whether a text can be judged at all."""

from __future__ import annotations

from rebracket_core.corpus.readers.labels import is_null_word
from rebracket_core.texts import clean_text, has_words


def unusable(text: object, *, max_chars: int) -> str | None:
    """Why a text cannot be judged and what to do, as one sentence; None for a usable text."""
    if not isinstance(text, str):
        return f"Its text is not text but {type(text).__name__}; put the text in quotes"
    clean = clean_text(text)
    if is_null_word(clean):
        return f"Its text is {clean!r}, which tables write for nothing; write a concept of at least one word"
    if not clean:
        return "Its text is blank; write a concept of at least one word"
    if len(clean) > max_chars:
        return f"Its text has {len(clean):,} characters, {max_chars:,} are allowed; shorten it"
    if not has_words(clean):
        return "Its text has no letters; write a concept of at least one word"
    return None
