"""What leaves the workbench: verdict files, model cards, review reports, maps and ONNX bundles."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
