"""The Rainbow Table: axes, modes, albums and rebracketing types, read once from `data/rainbow_table.yaml`."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
