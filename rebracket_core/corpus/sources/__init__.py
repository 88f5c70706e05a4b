"""Where records come from: files, folders, archives, uploads and standard input, in any registered format."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
