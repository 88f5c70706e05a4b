"""Figures that know songs: shares, differences and cells, with intervals over whole groups. Numbers in, numbers out."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
