"""A whole run as one folder, and verdicts from it with ONNX Runtime alone: no torch, transformers, pandas or scikit-learn.

    from rebracket_core.exported import open_exported

    verdicts = open_exported("songs-onnx").validate(["A bell that was cast for a tower that nobody built."])
"""

from rebracket_core.exported.layout import Manifest, Precision, read_manifest, write_folder
from rebracket_core.exported.run import ExportedRun, open_exported

__all__ = ["ExportedRun", "Manifest", "Precision", "open_exported", "read_manifest", "write_folder"]
