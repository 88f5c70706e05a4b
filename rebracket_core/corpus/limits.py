"""How much a reader takes in before it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from rebracket_core.errors import DataError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes up to which a source is read.

    `max_text_chars` holds for one text, `max_file_bytes` for one text file that is held whole, `max_table_bytes` for CSV
    and JSON lines on disk, which are read row by row, `max_files` and `max_depth` for a folder or an archive,
    `max_expanded_bytes` and `max_ratio` for what an archive grows to. `max_rows` and `max_chars` hold for the whole source:
    its rows, and the characters of their different texts. A source that passes them is refused, as early as can be.
    `max_skips` is how many skips of one reason are listed one by one; the rest is counted in a note. With `long_tables`
    tables may be of any length, for a caller who holds no more than the row at hand.
    """

    max_text_chars: int = 100_000
    max_file_bytes: int = 64 * MIB
    max_table_bytes: int = 256 * MIB
    max_files: int = 20_000
    max_depth: int = 12
    max_rows: int = 1_000_000
    max_chars: int = 128 * MIB
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
"""Columns of a table, or different fields of the records of a file."""
MAX_LINES = 4_000_000
"""Lines of a text file that is read whole."""
MAX_LINE_CHARS = 4 * MIB
"""Characters of one line of a table or of JSON lines."""
MAX_CELL_CHARS = 8 * MIB
"""Characters of one cell of a table."""


class SourceTooLarge(DataError):
    """A source that is larger than anything that is read at once; the reading ends there."""


def too_many_rows(most: int, *, where: str) -> SourceTooLarge:
    """The error that refuses a file or a source of more than `most` rows."""
    return SourceTooLarge(
        "There are too many rows.",
        expected=f"at most {most:,} rows",
        found="more",
        hint="split it, or score it with: rebracket validate FILE --parts FOLDER",
        where=where,
    )


class TextBudget:
    """The characters that the texts of a source may still come to; a text that was seen before costs nothing."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.max_chars
        self._chars = 0
        self._long: dict[str, str] = {}

    def take(self, text: str, *, where: str) -> str:
        """The text, held once however often it stands in the source. Raises SourceTooLarge for texts without end."""
        if len(text) > _SHORT_CHARS:
            found = self._long.setdefault(text, text)
            if found is not text:
                return found
        self._chars += len(text)
        if self._chars > self._most:
            raise SourceTooLarge(
                "The texts come to too much.",
                expected=f"different texts of at most {self._most:,} characters together",
                found="more",
                hint="split it, or score it with: rebracket validate FILE --parts FOLDER",
                where=where,
            )
        return text


_SHORT_CHARS = 200
