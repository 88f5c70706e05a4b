"""This process itself: the threads of its linear algebra, and what ends it when it cannot end itself."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
