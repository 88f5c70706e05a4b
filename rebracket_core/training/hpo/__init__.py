"""The search for training options: its space, its rows, its trials."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
