"""Encoders as ONNX graphs: the bundled MiniLM, graphs from files, export."""
