"""Pure functions from plain data to Plotly figures, and the one colour map.

Every figure has a title; its `layout.meta` holds `reading`, a sentence saying how to read it, and `alt`, what it shows.
"""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
