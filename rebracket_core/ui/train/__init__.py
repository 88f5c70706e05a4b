"""The parts of the training pages: choices, progress, comparison, search and the models themselves."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
