"""Trackers that a job may report to beside its folder, on a thread that cannot hold it up."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
