"""What leaves the workbench: verdict files, model cards, review reports, maps and ONNX bundles."""
