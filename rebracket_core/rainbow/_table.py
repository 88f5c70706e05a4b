"""The table itself, as frozen values in the table's own order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from rebracket_core.errors import InputError
from rebracket_core.settings import data_dir


@dataclass(frozen=True, slots=True)
class Axis:
    """One of the three axes: its name, its three modes in order, and what the users' data calls it."""

    name: str
    modes: tuple[str, ...]
    also: str = ""


@dataclass(frozen=True, slots=True)
class Album:
    """One of the nine albums. `modes` maps each axis name to the modes that the album has there; an empty set means none."""

    name: str
    key: str
    hex: str
    prefix: str
    modes: dict[str, frozenset[str]]

    @property
    def has_modes(self) -> bool:
        """Whether the album has a mode on any axis (Black and White have none)."""
        return any(self.modes.values())


@dataclass(frozen=True, slots=True)
class RebracketingType:
    """One of the eight types, with the boundary that it redraws and some plain words that speak for it."""

    name: str
    redraws: str
    words: tuple[str, ...]


def _load() -> tuple[tuple[Axis, ...], tuple[Album, ...], tuple[RebracketingType, ...], float]:
    with open(data_dir() / "rainbow_table.yaml", encoding="utf-8") as handle:
        raw = yaml.safe_load(handle)
    axes = tuple(Axis(a["name"], tuple(a["modes"]), a.get("also", "")) for a in raw["axes"])
    albums = tuple(
        Album(a["name"], a["key"], a["hex"], a["prefix"], {axis.name: frozenset(a[axis.name]) for axis in axes})
        for a in raw["albums"]
    )
    types = tuple(RebracketingType(t["name"], t["redraws"], tuple(t["words"])) for t in raw["types"])
    return axes, albums, types, float(raw["smoothing"])


AXES, ALBUMS, TYPES, SMOOTHING = _load()
AXIS_NAMES: tuple[str, ...] = tuple(axis.name for axis in AXES)
ALBUM_NAMES: tuple[str, ...] = tuple(album.name for album in ALBUMS)
TYPE_NAMES: tuple[str, ...] = tuple(kind.name for kind in TYPES)
MODES: dict[str, tuple[str, ...]] = {axis.name: axis.modes for axis in AXES}
N_MODES: int = len(AXES[0].modes)

_BY_NAME = {album.name: album for album in ALBUMS}
_BY_TRIPLE = {
    tuple(next(iter(album.modes[axis])) for axis in AXIS_NAMES): album
    for album in ALBUMS
    if all(len(album.modes[axis]) == 1 for axis in AXIS_NAMES)
}


def album_named(name: str) -> Album:
    """The album of exactly this name (title case, as in the table); an unknown name is an InputError."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise InputError(
            "There is no such album.",
            expected=f"one of {', '.join(ALBUM_NAMES)}",
            found=repr(name),
            hint="use parse_album for letters and other spellings",
        ) from None


def album_of_triple(triple: Iterable[str]) -> Album | None:
    """The album to which a (temporal, spatial, ontological) triple belongs, or None where the triple is uncharted."""
    return _BY_TRIPLE.get(tuple(triple))
