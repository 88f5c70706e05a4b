"""Which words of a text speak for which rebracketing type, by the lists of the Rainbow Table."""

from __future__ import annotations

import re
from functools import lru_cache

from rebracket_core.rainbow import TYPES


@lru_cache(maxsize=1)
def _types_of() -> dict[str, str]:
    return {word: kind.name for kind in TYPES for word in kind.words}


def type_words(text: str) -> dict[str, list[str]]:
    """The words found for each type, in the order of the text and as often as they stand there; whole words in any case."""
    found: dict[str, list[str]] = {kind.name: [] for kind in TYPES}
    for word in re.findall(r"[a-z]+", text.casefold()):
        if kind := _types_of().get(word):
            found[kind].append(word)
    return found
