"""The parts of the Map page: asking for a map, its canvas, its colours, its selections."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
