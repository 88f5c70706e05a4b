"""Selections of texts and notes on texts: kept by text id, so that links to them and notes survive every refit."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rebracket_core.errors import InputError, StoreError
from rebracket_core.files import lock_file, make_folder, write_json
from rebracket_core.jobs import now
from rebracket_core.records import append_records, read_records, skipped
from rebracket_core.texts import clean_note

MOST_CHARS = 4_000
_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Selection:
    """Texts of a data set that somebody put together: their row ids, and a name where it was kept by name."""

    selection_id: str
    dataset: str
    row_ids: tuple[str, ...]
    name: str = ""
    at: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The selection as plain values."""
        return {**asdict(self), "row_ids": list(self.row_ids)}


@dataclass(frozen=True, slots=True)
class TextNote:
    """What somebody wrote about one text of a data set."""

    dataset: str
    row_id: str
    text: str
    author: str
    at: str


class Selections:
    """The selections and notes below one home. A selection's id is made of its texts: the same texts, the same link."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "selections"
        self._notes = home / "notes"

    def keep(self, dataset: str, row_ids: Sequence[str], *, name: str = "") -> Selection:
        """The selection, now on disk. Raises InputError for none or a long name."""
        ids, clean = tuple(dict.fromkeys(row_ids)), " ".join(name.split())
        if not ids or len(clean) > 80:
            raise InputError(
                "This selection cannot be kept.",
                expected="at least one text, a name of at most 80 characters",
                found=f"{len(ids)} texts, a name of {len(clean)}",
                hint="select texts on the map first",
            )
        key = hashlib.sha256(json.dumps([dataset, sorted(ids)]).encode()).hexdigest()[:12]
        known = self._read(key)
        if known and (not clean or known.name == clean):
            return known
        made = Selection(key, dataset, ids, clean, now())
        write_json(self._folder / f"{key}.json", made.to_dict())
        return made

    def get(self, selection_id: str) -> Selection:
        """A selection by its id; an InputError where there is none."""
        found = self._read(selection_id) if _ID.fullmatch(selection_id) else None
        if found is None:
            raise InputError(
                "There is no such selection.",
                expected="the id of a kept one",
                found=repr(selection_id[:40]),
                hint="the link may be of another home; select the texts again",
            )
        return found

    def named(self, dataset: str) -> list[Selection]:
        """The selections of a data set that have a name, newest first."""
        paths = self._folder.glob("*.json") if self._folder.is_dir() else ()
        kept = [s for s in (self._read(p.stem) for p in paths) if s and s.name and s.dataset == dataset]
        return sorted(kept, key=lambda s: s.at, reverse=True)

    def add_note(self, dataset: str, row_id: str, *, text: str, author: str) -> TextNote:
        """A note on a text, added to those that are there, and on the disk when this returns.

        Raises InputError for an empty or a long one, StoreError where the disk refuses.
        """
        clean = clean_note(text)
        who = clean_note(" ".join(author.split())[:80])
        if not clean or len(clean) > MOST_CHARS or not who:
            raise InputError(
                "This note cannot be kept.",
                expected=f"a name, and 1 to {MOST_CHARS:,} characters",
                found=f"{len(clean):,} characters by {who or 'nobody'}",
                hint="shorten it, and give a name",
            )
        note = TextNote(dataset, row_id, clean, who, now())
        path = self._note_file(dataset)
        try:
            make_folder(self._notes)
            with lock_file(Path(f"{path}.lock")):
                append_records(path, [asdict(note)], lasting=True)
        except OSError as cause:
            raise StoreError(
                "The note cannot be kept.",
                expected="a writable folder with room for it",
                found=cause.strerror or str(cause),
                hint="free some space or check the rights; write it again",
                where=str(path),
            ) from cause
        return note

    def notes(self, dataset: str) -> list[TextNote]:
        """The notes on the texts of a data set, oldest first; what a kill cut off is skipped with a warning.

        Raises StoreError where the file cannot be read.
        """
        path = self._note_file(dataset)
        try:
            records = read_records(path)
        except OSError as cause:
            raise StoreError(
                "The notes cannot be read.",
                expected="a readable file",
                found=cause.strerror or str(cause),
                hint="check its rights",
                where=str(path),
            ) from cause
        found = []
        for number, record in enumerate(records, start=1):
            try:
                found.append(TextNote(**{field.name: str(record[field.name]) for field in fields(TextNote)}))
            except KeyError:
                skipped(path, number)
        return found

    def _note_file(self, dataset: str) -> Path:
        name = re.sub(r"[^a-z0-9._+-]", "-", dataset)
        return self._notes / f"{name}.jsonl"

    def _read(self, key: str) -> Selection | None:
        path = self._folder / f"{key}.json"
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return Selection(**{**raw, "row_ids": tuple(raw["row_ids"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise StoreError(
                "A selection cannot be read.",
                expected="a JSON document with row ids",
                found=str(cause)[:200],
                hint="remove the file",
                where=str(path),
            ) from cause
