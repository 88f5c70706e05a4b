"""The Rainbow Table: axes, modes, albums and rebracketing types, read once from `data/rainbow_table.yaml`."""

from rebracket_core.rainbow._parse import parse_album, parse_modes, parse_types
from rebracket_core.rainbow._table import (
    ALBUM_NAMES,
    ALBUMS,
    AXES,
    AXIS_NAMES,
    MODES,
    N_MODES,
    SMOOTHING,
    TYPE_NAMES,
    TYPES,
    Album,
    Axis,
    RebracketingType,
    album_named,
    album_of_triple,
)
from rebracket_core.rainbow._targets import album_targets, album_vertices, axis_target, axis_vertex

__all__ = [
    "ALBUMS",
    "ALBUM_NAMES",
    "AXES",
    "AXIS_NAMES",
    "MODES",
    "N_MODES",
    "SMOOTHING",
    "TYPES",
    "TYPE_NAMES",
    "Album",
    "Axis",
    "RebracketingType",
    "album_named",
    "album_of_triple",
    "album_targets",
    "album_vertices",
    "axis_target",
    "axis_vertex",
    "parse_album",
    "parse_modes",
    "parse_types",
]
