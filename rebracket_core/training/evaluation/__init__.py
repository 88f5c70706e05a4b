"""How good a run is: figures with intervals, baselines, thresholds, comparisons, answers kept for review."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
