"""A whole run as one folder, and verdicts from it with ONNX Runtime alone: no torch, transformers, pandas or scikit-learn.

from rebracket_core.reports.onnx_bundle import open_exported

verdicts = open_exported("songs-onnx").validate(["A bell that was cast for a tower that nobody built."])
"""

from rebracket_core.reports.onnx_bundle.bundle import ExportedRun, open_exported
from rebracket_core.reports.onnx_bundle.layout import Manifest, Precision, read_manifest, write_folder

__all__ = ["ExportedRun", "Manifest", "Precision", "open_exported", "read_manifest", "write_folder"]
