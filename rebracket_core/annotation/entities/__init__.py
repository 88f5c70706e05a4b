"""The frozen values of annotation: labels, items, projects and people, their enums, and what the keys mean."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
