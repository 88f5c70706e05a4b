"""The composition root: one home's services, for pages, commands and the API."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
