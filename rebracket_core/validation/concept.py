"""One text to be scored, with what is known of it; it lives with the records that come in."""

from rebracket_core.corpus.concept import Concept

__all__ = ["Concept"]
