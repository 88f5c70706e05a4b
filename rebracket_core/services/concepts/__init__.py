"""What a run says of concepts: verdicts, predictions of what it learnt, and plans of transmigration."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
