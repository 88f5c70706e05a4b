"""Query strategies: by which score a labelling queue is ordered. One method a module; `registry` holds them all."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
