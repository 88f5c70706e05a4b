"""Finished runs of a home: the store, which one is in production, notes, archives, comparison."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
