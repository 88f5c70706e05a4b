from rebracket_core.rainbow._parse import parse_album as parse_album, parse_modes as parse_modes, parse_types as parse_types
from rebracket_core.rainbow._table import (
    ALBUM_NAMES as ALBUM_NAMES,
    ALBUMS as ALBUMS,
    AXES as AXES,
    AXIS_NAMES as AXIS_NAMES,
    MODES as MODES,
    N_MODES as N_MODES,
    SMOOTHING as SMOOTHING,
    TYPE_NAMES as TYPE_NAMES,
    TYPES as TYPES,
    Album as Album,
    Axis as Axis,
    RebracketingType as RebracketingType,
    album_named as album_named,
    album_of_triple as album_of_triple,
)
from rebracket_core.rainbow._targets import (
    album_targets as album_targets,
    album_vertices as album_vertices,
    axis_target as axis_target,
    axis_vertex as axis_vertex,
)
