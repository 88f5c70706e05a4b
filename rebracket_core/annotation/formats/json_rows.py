"""The objects of JSON lines or of one JSON array, with their places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rebracket_core.corpus.readers import bounded_json, text_lines
from rebracket_core.errors import DataError


def json_lines(data: bytes) -> Iterable[tuple[int, dict[str, Any]]]:
    """The objects of JSON lines, or of one JSON array, with their line or place, from 1. Raises DataError naming the line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("The file is not UTF-8.", expected="UTF-8 text", found=str(error), hint="save it as UTF-8") from error
    try:
        if text.lstrip()[:1] == "[":
            rows = list(enumerate(bounded_json(text), 1))
        else:
            rows = [(k, bounded_json(line)) for k, line in enumerate(text_lines(text), 1) if line.strip()]
    except (ValueError, RecursionError) as error:
        raise DataError(
            "The file is not JSON.",
            expected="JSON lines or one JSON array",
            found=str(error),
            hint="correct the place that is named",
        ) from error
    odd = next((k for k, row in rows if not isinstance(row, dict)), None)
    if odd is not None:
        raise DataError(
            "An entry is no object.",
            expected="one object an entry",
            found=f"something else at {odd}",
            hint="give a file of labels",
        )
    return rows
