"""How much a reader takes in before it refuses."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes up to which a source is read.

    `max_text_chars` holds for one text, `max_file_bytes` for one text file, `max_files` and `max_depth` for a folder or
    an archive, `max_rows` for the whole source, `max_expanded_bytes` and `max_ratio` for what an archive grows to.
    `max_skips` is how many skips of one reason are listed one by one; the rest is counted in a note. With `long_tables`
    CSV and JSON lines on disk may be of any length, for a caller who holds no more than the row at hand.
    """

    max_text_chars: int = 100_000
    max_file_bytes: int = 64 * MIB
    max_files: int = 20_000
    max_depth: int = 12
    max_rows: int = 1_000_000
    max_expanded_bytes: int = 512 * MIB
    max_ratio: float = 200.0
    max_skips: int = 500
    long_tables: bool = False


# What no format of text may pass, whatever the source: a file that does was made to fill memory or time.
MAX_NESTING = 64
"""Lists and mappings within each other, in YAML and JSON."""
MAX_YAML_NODES = 300_000
"""Values of a YAML document, those counted again that an alias or a merge key repeats."""
MAX_YAML_ALIASES = 100
MAX_REPEATED_CHARS = 1_000_000
"""Characters that the aliases of a YAML document repeat."""
MAX_JSON_NODES = 8_000_000
"""Values of a JSON document."""
MAX_JSON_OBJECTS = 1_200_000
"""Objects of a JSON document."""
MAX_REPEATS_CHARS = 8 * MIB
"""Characters of a text that one file writes once and that stands in many rows."""
MAX_NUMBER_CHARS = 400
"""Characters of one number; more than any float has digits."""
MAX_COLUMNS = 10_000
"""Columns of a table."""
MAX_LINES = 4_000_000
"""Lines of a text file that is read whole."""
MAX_LINE_CHARS = 4 * MIB
"""Characters of one line of a table or of JSON lines."""
MAX_CELL_CHARS = 8 * MIB
"""Characters of one cell of a table."""
