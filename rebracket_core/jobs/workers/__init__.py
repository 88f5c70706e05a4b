"""The processes that run attempts: local, warm and remote ones, and whether they live."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
