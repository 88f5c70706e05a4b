"""The event log of annotation, the rules that reduce it to states, and the check that the tables agree."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
