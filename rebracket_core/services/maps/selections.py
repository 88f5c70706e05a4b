"""Selections of texts and notes on texts: kept by text id, so that links to them and notes survive every refit."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from rebracket_core.errors import InputError, StoreError
from rebracket_core.files import write_json
from rebracket_core.jobs.folder import now

MOST_CHARS = 4_000
_ID = re.compile(r"[0-9a-f]{12}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


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
        """A note on a text, added to those that are there. Raises InputError for an empty or a long one."""
        clean = _CONTROL.sub("", text.replace("\r\n", "\n")).strip()
        who = " ".join(author.split())[:80]
        if not clean or len(clean) > MOST_CHARS or not who:
            raise InputError(
                "This note cannot be kept.",
                expected=f"a name, and 1 to {MOST_CHARS:,} characters",
                found=f"{len(clean):,} characters by {who or 'nobody'}",
                hint="shorten it, and give a name",
            )
        note = TextNote(dataset, row_id, clean, who, now())
        self._notes.mkdir(parents=True, exist_ok=True)
        path = self._note_file(dataset)
        with FileLock(f"{path}.lock"), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(note), ensure_ascii=False) + "\n")
        return note

    def notes(self, dataset: str) -> list[TextNote]:
        """The notes on the texts of a data set, oldest first; a line that was cut off by a kill is skipped."""
        return list(self._lines(self._note_file(dataset)))

    def _lines(self, path: Path) -> Iterator[TextNote]:
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    yield TextNote(**json.loads(line))
                except (ValueError, TypeError):
                    continue

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
