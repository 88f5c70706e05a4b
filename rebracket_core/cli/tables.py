"""Plain tables for people, aligned by hand: nothing in the cells is markup."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any


def terminal_width(default: int = 100) -> int:
    """The width of the terminal that answers go to, `default` where they go elsewhere."""
    stream = sys.__stdout__
    if stream is None or stream.closed or not stream.isatty():
        return default
    return shutil.get_terminal_size((default, 24)).columns


def columns(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table with a head, two blanks between columns; numbers to the right, None as "-"."""
    cells = [[_shown(cell) for cell in row] for row in rows]
    widths = [max([len(head), *(len(row[k]) for row in cells)]) for k, head in enumerate(heads)]
    numeric = [all(isinstance(row[k], (int, float, type(None))) for row in rows) for k in range(len(heads))]

    def line(words: Sequence[str]) -> str:
        parts = [w.rjust(n) if right else w.ljust(n) for w, n, right in zip(words, widths, numeric, strict=True)]
        return "  ".join(parts).rstrip()

    return "\n".join([line(heads), line(["-" * n for n in widths]), *(line(row) for row in cells)])


def one_line(text: object) -> str:
    """The text on one line, without control characters: safe to print on a terminal."""
    from rebracket_core.reports import one_line as safe

    return safe(text)


def _shown(cell: Any) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:.3f}"
    return one_line(cell)
