"""Explanations and counterfactuals of a run, and the store that keeps counterfactuals."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
