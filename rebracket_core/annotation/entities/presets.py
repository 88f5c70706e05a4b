"""What the keys of an axis mean: verbal presets, kept by version, so that a meaning is never changed in silence."""

from __future__ import annotations

from dataclasses import dataclass

from rebracket_core.annotation.entities.label_schema import EVEN, AxisLabel, Triple
from rebracket_core.errors import InputError
from rebracket_core.rainbow import MODES


@dataclass(frozen=True, slots=True)
class Preset:
    """A named shape: `shares` in per mille for the modes in the order in which a person named them, `words` to fill in."""

    name: str
    shares: Triple
    words: str

    def label(self, axis: str, *modes: str) -> AxisLabel:
        """The answer of this shape with the modes in the order given; modes not named follow in the table's order."""
        order = [*modes, *(m for m in MODES[axis] if m not in modes)]
        given = dict(zip(order, self.shares, strict=True))
        return AxisLabel.of([given[mode] for mode in MODES[axis]])


_VERSIONS: dict[int, tuple[Preset, ...]] = {
    1: (
        Preset("only", (1000, 0, 0), "{0}"),
        Preset("mostly", (750, 250, 0), "mostly {0}, slightly {1}"),
        Preset("both", (500, 500, 0), "{0} and {1} alike"),
        Preset("two_and_some", (400, 400, 200), "{0} and {1}, some {2}"),
        Preset("even", EVEN, "all three equally"),
    )
}


def axis_presets(version: int = 1) -> tuple[Preset, ...]:
    """The presets of a version, from one mode to all three; an unknown version is an InputError."""
    if version not in _VERSIONS:
        raise InputError(
            "There are no presets of this version.",
            expected=", ".join(map(str, _VERSIONS)),
            found=repr(version),
            hint="choose a version that exists",
        )
    return _VERSIONS[version]
