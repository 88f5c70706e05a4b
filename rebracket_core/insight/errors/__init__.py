"""Error analysis: confusion, misclassifications, label-error candidates, slices."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
