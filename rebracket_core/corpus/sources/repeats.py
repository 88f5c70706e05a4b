"""A long text that one file writes once and sets into many rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rebracket_core.corpus.limits import MAX_REPEATS_CHARS
from rebracket_core.errors import DataError


def check_repeats(document: Mapping[str, Any], fields: Iterable[str], *, times: int, name: str) -> None:
    """Refuse (DataError) a file that writes a long text once and sets it into so many rows that it would fill the memory."""
    chars = sum(len(value) for field in fields if isinstance(value := document.get(field), str))
    if times * chars > MAX_REPEATS_CHARS:
        raise DataError(
            "The YAML sets one text into too many rows.",
            expected=f"texts and rows that come to at most {MAX_REPEATS_CHARS:,} characters",
            found=f"{chars:,} characters in {times:,} rows",
            hint="write fewer sections, or a shorter text",
            where=name,
        )
