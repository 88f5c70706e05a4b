"""Out of distribution: how unlike the training texts a text is, as a p-value that stays honest for held-out groups."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
