"""How far people agree: coefficients, pairs of people, consensus, timing, and the effect of suggestions."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
