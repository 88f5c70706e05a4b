"""Label formats: our own lossless ones, and those of Label Studio, Argilla, Prodigy and doccano; `registry` holds them."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
