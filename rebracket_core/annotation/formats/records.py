"""What goes out and what comes in: labels with their texts, labels as a file tells them, and what a form could not hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rebracket_core.annotation.entities.label_schema import LabelValue
from rebracket_core.annotation.entities.records import Item, Label


@dataclass(frozen=True, slots=True)
class Row:
    """A label and the item that it is of."""

    label: Label
    item: Item


@dataclass(frozen=True, slots=True)
class Written:
    """A file: its bytes, how many labels stand in it, and sentences on what the form could not hold, with counts."""

    data: bytes
    n_labels: int
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A label as a file has it. Its text is known by `item_id`, `text_digest` or `text`; what the file lacks is empty."""

    annotator: str
    value: LabelValue
    where: str
    item_id: str = ""
    text: str = ""
    text_digest: str = ""
    label_id: str = ""
    round: int = 1
    client_time: str = ""
    server_time: str = ""
    guideline_version: int = 0
    shown_run: str = ""
    shown_at: str = ""
    active_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A place in a file that gave no label, and why."""

    where: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The place as plain values."""
        return {"where": self.where, "reason": self.reason}


@dataclass(slots=True)
class Reading:
    """The labels of a file; what was skipped; `taken_as` counts interpretations, such as two ticks taken as an even split."""

    drafts: list[Draft] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    taken_as: Counter[str] = field(default_factory=Counter)

    def skip(self, where: str, reason: str) -> None:
        """Note a place that gave no label."""
        self.skipped.append(Skipped(where, reason))


class Losses:
    """Counts of what a form cannot hold, as sentences."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, what: str, n: int = 1) -> None:
        """Count n labels that lose this."""
        if n:
            self._counts[what] += n

    def sentences(self) -> tuple[str, ...]:
        """A sentence a loss: what is lost, and of how many labels."""
        return tuple(f"{what}: {n:,} {'label' if n == 1 else 'labels'}" for what, n in self._counts.items())
