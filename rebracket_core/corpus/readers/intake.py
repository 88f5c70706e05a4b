"""Where every reader puts its rows: checks, repeated ids, skips and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rebracket_core.corpus.limits import MAX_REPEATS_CHARS, Limits
from rebracket_core.corpus.schema import ReadReport, Skip, make_frame
from rebracket_core.errors import DataError, InputError
from rebracket_core.texts import clean_text, has_words


@dataclass(frozen=True, slots=True)
class Hints:
    """What the caller says of a source: its group and text columns; `prefix` keeps ids of several files apart."""

    group_column: str | None = None
    text_column: str | None = None
    prefix: str = ""


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


class Intake:
    """Collects checked rows of a source, with each skip and note; `result` gives the frame and the report."""

    def __init__(self, limits: Limits, *, words_needed: bool = True) -> None:
        self.limits = limits
        self._words_needed = words_needed
        self._rows: list[dict[str, Any]] = []
        self._skips: list[Skip] = []
        self._skip_counts: Counter[str] = Counter()
        self._notes: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, row: dict[str, Any], *, number_repeats: bool = False) -> bool:
        """Whether the row was taken; a row without a usable text or with a repeated id becomes a skip.

        With `number_repeats` a repeated id that carries another text is kept as "id#2" and noted.
        """
        where = str(row.get("where", ""))
        if len(self._rows) >= self.limits.max_rows:
            self.skip(where, f"the source has more than {self.limits.max_rows} rows", hint="split the source")
            return False
        text = self._usable_text(row.get("concept"), where=where)
        if text is None:
            return False
        row_id = str(row["row_id"])
        if row_id in self._texts:
            if self._texts[row_id] == text:
                self.skip(where, "repeats a row that was taken", hint="nothing to do: same id, same text")
                self.note("Some rows repeat an id with the same text; the first was taken.")
                return False
            if not number_repeats:
                self.skip(where, f"its id {row_id!r} was taken with another text", hint="make the ids different")
                return False
            row_id = self._numbered(row_id)
            self.note("Some ids stand for several texts; the later ones were numbered (#2, #3, ...).")
        self._texts[row_id] = text
        extra = {name: clean_text(str(row.get(name) or "")) for name in ("descriptions", "lyrics", "title", "agent")}
        self._rows.append({**row, **extra, "row_id": row_id, "concept": text})
        return True

    def _numbered(self, row_id: str) -> str:
        number = self._numbers.get(row_id, 2)
        while f"{row_id}#{number}" in self._texts:
            number += 1
        self._numbers[row_id] = number + 1
        return f"{row_id}#{number}"

    def _usable_text(self, value: object, *, where: str) -> str | None:
        if value is None or (isinstance(value, float) and value != value):
            self.skip(where, "has no text", hint="give it a concept or leave it out")
            return None
        if not isinstance(value, str):
            self.skip(where, f"its text is not text but {type(value).__name__}", hint="put the text in quotes")
            return None
        text = clean_text(value)
        if not text:
            self.skip(where, "its text is blank", hint="give it a concept or leave it out")
        elif len(text) > self.limits.max_text_chars:
            self.skip(
                where,
                f"its text is longer than {self.limits.max_text_chars} characters",
                hint=f"shorten it; it has {len(text)}",
            )
        elif self._words_needed and not has_words(text):
            self.skip(where, "its text has no letters", hint="write words")
        else:
            return text
        return None

    def skip(self, where: str, reason: str, *, hint: str = "") -> None:
        """Record one thing that was not taken; beyond `Limits.max_skips` of one reason it is only counted."""
        self._skip_counts[reason] += 1
        if self._skip_counts[reason] <= self.limits.max_skips:
            self._skips.append(Skip(clean_text(where), clean_text(reason), clean_text(hint)))

    def refuse(self, where: str, error: InputError) -> None:
        """Record an error of one row or file as a skip that names what was found."""
        reason = error.message.rstrip(".") + (f" (found {error.found[:200]})" if error.found else "")
        hint = "; ".join(part for part in (f"expected {error.expected}" if error.expected else "", error.hint) if part)
        self.skip(error.where or where, reason, hint=hint)

    def note(self, text: str) -> None:
        """Record a note for people; the same note is kept once, with a count."""
        self._notes[text] = self._notes.get(text, 0) + 1

    def result(self, label: str) -> tuple[pd.DataFrame, ReadReport]:
        """The frame and the report. Raises DataError, with the first reasons, where nothing was taken."""
        notes = [text if n == 1 else f"{text} ({n} times)" for text, n in self._notes.items()]
        for reason, n in self._skip_counts.items():
            if n > self.limits.max_skips:
                notes.append(f"{n - self.limits.max_skips} more were not taken and are not listed: {clean_text(reason)}.")
        if not self._rows:
            first = "; ".join(f"{s.where}: {s.reason}" for s in self._skips[:3]) or "no rows at all"
            hint = next((s.hint for s in self._skips if s.hint), "give a source with at least one concept")
            raise DataError(
                "Nothing could be read.",
                expected="at least one row with a text",
                found=first,
                hint=hint,
                where=clean_text(label),
            )
        return make_frame(self._rows), ReadReport(len(self._rows), tuple(self._skips), tuple(notes))
