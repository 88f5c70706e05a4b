"""Verdicts on many concepts: streamed, in parts, on Ray, in watched folders, and kept in the history."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
