"""Whether a text can be scored at all; the rule lives with the records that come in."""

from rebracket_core.corpus import unusable

__all__ = ["unusable"]
