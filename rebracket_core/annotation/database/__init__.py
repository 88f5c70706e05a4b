"""The labels' tables: their schema, their rows as values, backups and health."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
