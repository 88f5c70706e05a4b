"""Labels as people would give them."""

from __future__ import annotations

from rebracket_core.annotation import AxisLabel, LabelValue
from rebracket_core.rainbow import AXIS_NAMES, MODES


def hard_label(*modes: str, types: frozenset[str] | None = None, note: str = "") -> LabelValue:
    """A label that names one mode on each axis, in the axes' order."""
    temporal, spatial, ontological = (AxisLabel.hard(axis, mode) for axis, mode in zip(AXIS_NAMES, modes, strict=True))
    return LabelValue(temporal, spatial, ontological, types=types, note=note)


def label_at(k: int, *, types: frozenset[str] | None = None, note: str = "") -> LabelValue:
    """A label that names the k-th mode of every axis."""
    return hard_label(*(MODES[axis][k] for axis in AXIS_NAMES), types=types, note=note)


def abstained() -> LabelValue:
    """A label of somebody who cannot tell, on any axis."""
    return LabelValue(AxisLabel.abstain(), AxisLabel.abstain(), AxisLabel.abstain())
