"""Items of one modality to vectors: the bundled MiniLM, any transformers model, precomputed columns; a cache around each.

Importing this room loads numpy and the standard library; ONNX Runtime or PyTorch come with the first text.
"""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
