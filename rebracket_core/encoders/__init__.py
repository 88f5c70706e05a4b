"""Items of one modality to vectors: the bundled MiniLM, any transformers model, precomputed columns; a cache around each.

Importing this room loads numpy and the standard library; ONNX Runtime or PyTorch come with the first text.
"""

from __future__ import annotations

from rebracket_core.encoders.base import Encoder, Vectors
from rebracket_core.encoders.cache.cached_encoder import CachedEncoder, embeddings_dir, uncached
from rebracket_core.encoders.device import describe_device, device_name, thread_count, torch_device
from rebracket_core.encoders.kinds import ENCODERS, LARGE_CHOICE, MINILM, MINILM_TORCH, EncoderKind, kind_of, names_of_encoders
from rebracket_core.encoders.modality import MODALITIES, TEXT, Modality
from rebracket_core.encoders.opening import build_minilm, open_encoder, open_text_encoder
from rebracket_core.encoders.precomputed import Precomputed
from rebracket_core.encoders.text.features import FeatureRecipe, encode_fields, joined
from rebracket_core.encoders.text.tfidf import TfidfVocabulary

__all__ = [
    "ENCODERS",
    "LARGE_CHOICE",
    "MINILM",
    "MINILM_TORCH",
    "MODALITIES",
    "TEXT",
    "CachedEncoder",
    "Encoder",
    "EncoderKind",
    "FeatureRecipe",
    "Modality",
    "Precomputed",
    "TfidfVocabulary",
    "Vectors",
    "build_minilm",
    "describe_device",
    "device_name",
    "embeddings_dir",
    "encode_fields",
    "joined",
    "kind_of",
    "names_of_encoders",
    "open_encoder",
    "open_text_encoder",
    "thread_count",
    "torch_device",
    "uncached",
]
