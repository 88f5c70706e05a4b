"""Whether a text can be scored at all; the rule lives with the records that come in."""

from rebracket_core.corpus.usable import unusable

__all__ = ["unusable"]
