"""Verdicts for other programs: the REST API, its client, folders that need no torch, streams and watched folders."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
