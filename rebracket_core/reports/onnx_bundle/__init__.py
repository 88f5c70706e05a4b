"""A whole run as one folder, and verdicts from it with ONNX Runtime alone: no torch, transformers, pandas or scikit-learn.

from rebracket_core.reports.onnx_bundle import open_exported

verdicts = open_exported("songs-onnx").validate(["A bell that was cast for a tower that nobody built."])
"""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
