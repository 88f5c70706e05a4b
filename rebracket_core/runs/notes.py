"""What people write about a run: a note and tags, one small file in its folder; the run itself stays as it was made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rebracket_core.errors import InputError, StoreError
from rebracket_core.files import write_json
from rebracket_core.jobs import now
from rebracket_core.texts import clean_note

NOTE_FILE = "note.json"
MOST_CHARS = 10_000
MOST_TAGS = 20
_TAG = re.compile(r"[^\W_][\w .:+/-]{0,39}")


@dataclass(frozen=True, slots=True)
class RunNote:
    """The note and the tags of a run, and when they were last changed (UTC); empty where nobody wrote any."""

    text: str = ""
    tags: tuple[str, ...] = ()
    changed_at: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The note as plain values."""
        return {**asdict(self), "tags": list(self.tags)}


def read_note(folder: Path) -> RunNote:
    """The note of a run folder, an empty one where there is none. Raises StoreError where it cannot be read."""
    path = folder / NOTE_FILE
    try:
        return note_of(path.read_bytes())
    except FileNotFoundError:
        return RunNote()
    except (OSError, ValueError, InputError) as cause:
        raise StoreError(
            "The note of the run cannot be read.",
            expected="a JSON document with text and tags",
            found=str(cause)[:200],
            hint="write the note again, or remove the file",
            where=str(path),
        ) from cause


def write_note(folder: Path, *, text: str, tags: Iterable[str]) -> RunNote:
    """Write the note of a run folder, and return it as it stands.

    Raises InputError for a note or a tag that is too long or no plain words.
    """
    note = RunNote(text=_checked(text), tags=clean_tags(tags), changed_at=now())
    write_json(folder / NOTE_FILE, note.to_dict())
    return note


def note_of(data: bytes) -> RunNote:
    """The note in the bytes of a note file. Raises ValueError for what is none, InputError for what is not allowed in one."""
    raw = json.loads(data.decode("utf-8"))
    if not isinstance(raw, dict) or not isinstance(raw.get("tags", []), list):
        raise ValueError("no mapping with text and tags")
    return RunNote(
        text=_checked(str(raw.get("text", ""))),
        tags=clean_tags(map(str, raw.get("tags", []))),
        changed_at=str(raw.get("changed_at", ""))[:40],
    )


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags without blanks around them, each once, in their order. Raises InputError for one that is no short plain word."""
    clean = tuple(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))
    for tag in clean:
        if not _TAG.fullmatch(tag):
            raise InputError(
                "This tag is not allowed.",
                expected="up to 40 letters, digits, blanks and . : + / - _, beginning with a letter or a digit",
                found=repr(tag[:60]),
                hint="shorten it, or write it into the note",
            )
    if len(clean) > MOST_TAGS:
        raise InputError(
            "These are too many tags.", expected=f"at most {MOST_TAGS}", found=str(len(clean)), hint="leave some out"
        )
    return clean


def _checked(text: str) -> str:
    clean = clean_note(text)
    if len(clean) > MOST_CHARS:
        raise InputError(
            "The note is too long.", expected=f"at most {MOST_CHARS:,} characters", found=f"{len(clean):,}", hint="shorten it"
        )
    return clean
