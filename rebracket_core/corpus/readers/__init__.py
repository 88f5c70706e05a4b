"""One reader for each kind of file; `rebracket_core.corpus.reading` picks among them by content."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
