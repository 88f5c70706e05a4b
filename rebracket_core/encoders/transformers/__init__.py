"""Encoders through PyTorch: any transformers model, by folder or hub name."""
