"""What pages of every area share: the workbench, error boxes, figures, progress, downloads."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
