"""One text to be scored, with what is known of it; it lives with the records that come in."""

from rebracket_core.corpus import Concept

__all__ = ["Concept"]
