"""The browser's face of the workbench: the pages' parts in rooms named like the pages, and what they share in `kit`."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
