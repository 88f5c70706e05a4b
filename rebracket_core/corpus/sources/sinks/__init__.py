"""What becomes of records: rows of a data set (strict), or concepts to score (lenient)."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
