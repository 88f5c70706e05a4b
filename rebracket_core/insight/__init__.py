"""How the model sees: projections, confusion, calibration curves, attribution, counterfactuals, geometry.

Import the modules themselves: this room loads nothing by being named.
"""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
