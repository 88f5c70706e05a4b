"""The databases behind the workbench: engines, transactions, statements and migrations."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
