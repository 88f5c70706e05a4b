"""The parts of the review pages: findings, confusion, confidence, errors, explanations, geometry."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
