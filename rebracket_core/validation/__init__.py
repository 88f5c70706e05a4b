"""Scores in, verdicts out: evidence, rules, out-of-distribution detection, transmigration, suggestions."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
