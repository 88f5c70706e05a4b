"""One text to be judged; it lives with the records that come in."""

from rebracket_core.corpus.concept import Concept

__all__ = ["Concept"]
