"""Text from data for the places that read Markdown: labels, captions and boxes."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&@/=^])")
_BREAKS = re.compile(r"\s*\n\s*")


def escape(text: object) -> str:
    """The text on one line, with every sign of Markdown, maths, links and directives made to show as written."""
    return _SPECIAL.sub(r"\\\1", _BREAKS.sub(" ", str(text)).strip())


def snippet(text: str, *, limit: int = 80) -> str:
    """The text on one line, cut at `limit` characters with an ellipsis; not escaped."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
