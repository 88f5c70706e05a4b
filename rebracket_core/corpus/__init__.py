"""Rows coming in: schema, readers, targets, grouped splits, audit and the library of imported data sets."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
