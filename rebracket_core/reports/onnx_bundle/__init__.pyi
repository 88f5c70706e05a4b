from rebracket_core.reports.onnx_bundle.bundle import ExportedRun as ExportedRun, open_exported as open_exported
from rebracket_core.reports.onnx_bundle.export import (
    Difference as Difference,
    ExportReport as ExportReport,
    export_onnx as export_onnx,
)
from rebracket_core.reports.onnx_bundle.layout import (
    Manifest as Manifest,
    Precision as Precision,
    read_manifest as read_manifest,
    write_folder as write_folder,
)
