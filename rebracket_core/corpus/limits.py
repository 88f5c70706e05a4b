"""How much a reader takes in before it refuses."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes up to which a source is read.

    `max_text_chars` holds for one text, `max_file_bytes` for one text file, `max_files` and `max_depth` for a folder or
    an archive, `max_rows` for the whole source, `max_expanded_bytes` and `max_ratio` for what an archive grows to.
    `max_skips` is how many skips of one reason are listed one by one; the rest is counted in a note.
    """

    max_text_chars: int = 100_000
    max_file_bytes: int = 64 * MIB
    max_files: int = 20_000
    max_depth: int = 12
    max_rows: int = 1_000_000
    max_expanded_bytes: int = 512 * MIB
    max_ratio: float = 200.0
    max_skips: int = 500
