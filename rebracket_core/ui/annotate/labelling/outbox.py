"""What a browser sends: entries of its outbox, read with suspicion. What cannot be read is refused by its id."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rebracket_core.annotation import LabelValue, Submission
from rebracket_core.errors import InputError

KINDS = ("label", "skip", "flag", "undo")
MOST = 500
"""Entries of one message; a browser that has more sends the rest after these are acknowledged."""
LONGEST_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a person did: its id (a UUID made by the browser), its kind, and what it says."""

    entry_id: str
    kind: str
    raw: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A part that is text; "" where it is missing or something else."""
        value = self.raw.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float:
        """A part that is a number of 0 or more; 0 where it is missing or something else."""
        value = self.raw.get(name)
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
        return float(value) if good else 0.0  # type: ignore[arg-type]

    def submission(self) -> Submission:
        """The label as the engine takes it. Raises InputError naming what cannot be read."""
        return Submission(
            label_id=self.entry_id,
            item_id=self.text("item_id"),
            round=int(self.number("round")),
            text_digest=self.text("text_digest"),
            value=LabelValue.from_dict(self.raw.get("value") or {}),
            client_time=self.text("client_time"),
            lease_id=self.text("lease_id"),
            guideline_version=int(self.number("guideline_version")),
            active_s=min(self.number("active_s"), LONGEST_S),
            shown_at=self.text("shown_at"),
        )


def read_entries(raw: object) -> tuple[list[Entry], list[str]]:
    """The entries of a message in their order, and the ids of those that are no entries. At most 500 are taken."""
    found: list[Entry] = []
    bad: list[str] = []
    for one in list(raw)[:MOST] if isinstance(raw, (list, tuple)) else []:
        entry_id = one.get("id") if isinstance(one, Mapping) else None
        if not isinstance(entry_id, str) or not 8 <= len(entry_id) <= 64:
            continue
        if one.get("kind") in KINDS:
            found.append(Entry(entry_id, str(one["kind"]), one))
        else:
            bad.append(entry_id)
    return found, bad


def read_holding(raw: object) -> dict[str, str]:
    """Item id → lease id of what the browser says it has in hand."""
    rows = raw if isinstance(raw, (list, tuple)) else ()
    pairs = ((r.get("item_id"), r.get("lease_id")) for r in rows if isinstance(r, Mapping))
    return {item: lease for item, lease in pairs if isinstance(item, str) and isinstance(lease, str)}


def runs_of(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The entries in their order, neighbouring labels together: one run of labels is one transaction."""
    runs: list[list[Entry]] = []
    for entry in entries:
        if entry.kind == "label" and runs and runs[-1][0].kind == "label":
            runs[-1].append(entry)
        else:
            runs.append([entry])
    return runs


def unreadable(entry: Entry) -> InputError | None:
    """Why a label's entry cannot be read; None where it can, or for other kinds."""
    if entry.kind != "label":
        return None
    try:
        entry.submission()
    except InputError as error:
        return error
    return None
