"""The keyboard view: its component for the browser, what goes between it and the engine, and the plain form beside it."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
