"""Lines that grow while somebody watches: plain numbers, light enough to be drawn anew several times a second."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Weight(StrEnum):
    """How a line is drawn: thick for what goes on now, thin for what came before, dotted for validation."""

    NOW = "now"
    BEFORE = "before"
    VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class Line:
    """A line through the points (x, y); `low` and `high`, where there are any, are the edges of its band."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    weight: Weight = Weight.NOW


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over the same axes under one heading."""

    head: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """Plots of one kind side by side, with their title, a sentence saying how to read them, and words for a screen reader.

    `x` and `y` name the axes; `share` says that y goes from 0 to 1, else it goes as far as the lines do.
    """

    title: str
    reading: str
    alt: str
    x: str
    y: str
    plots: tuple[Plot, ...]
    share: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, as JSON takes them."""
        return asdict(self)
