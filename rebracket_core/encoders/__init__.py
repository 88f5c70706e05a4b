"""Text to vectors: the bundled MiniLM, any transformers model, precomputed columns; a cache around each.

Importing this room loads numpy and the standard library; ONNX Runtime or PyTorch come with the first text.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rebracket_core.encoders.base import Encoder, Progress, Vectors
from rebracket_core.encoders.cache.cached_encoder import CachedEncoder, embeddings_dir, without_memory
from rebracket_core.encoders.device import describe_device, device_name, thread_count, torch_device
from rebracket_core.encoders.onnx.minilm_files import MINILM, MINILM_TORCH, torch_source
from rebracket_core.encoders.precomputed import Precomputed
from rebracket_core.encoders.text.features import FeatureRecipe, encode_fields, joined
from rebracket_core.encoders.text.tfidf import TfidfVocabulary
from rebracket_core.settings import Settings

LARGE_CHOICE = "microsoft/deberta-v3-base"

__all__ = [
    "LARGE_CHOICE",
    "MINILM",
    "MINILM_TORCH",
    "CachedEncoder",
    "Encoder",
    "FeatureRecipe",
    "Lexicon",
    "Precomputed",
    "Progress",
    "Vectors",
    "build_minilm",
    "describe_device",
    "device_name",
    "embeddings_dir",
    "encode_fields",
    "joined",
    "open_encoder",
    "thread_count",
    "torch_device",
    "without_memory",
]


def open_encoder(name: str, *, settings: Settings, cached: bool = True, layer: int | None = None) -> Encoder:
    """The encoder of that name: "minilm", "minilm-torch", or a transformers model by folder or hub name.

    "minilm" runs in ONNX Runtime on the CPU; all others run in PyTorch on the device of the settings. `cached` puts
    the memory in front. `layer` asks for a hidden layer in the place of the last, always through PyTorch.
    Raises: EncoderError where it is not to be had; the message says what can be used instead.
    """
    encoder: Encoder
    if name == MINILM and layer is None:
        from rebracket_core.encoders.onnx.minilm import OnnxMiniLM

        encoder = OnnxMiniLM(settings)
    else:
        from rebracket_core.encoders.transformers.encoder import TorchTransformer

        encoder = TorchTransformer(torch_source(name, settings), settings=settings, layer=layer)
    return CachedEncoder(encoder, settings=settings) if cached else encoder


def build_minilm(settings: Settings, *, progress: Callable[[str, int, int], None] | None = None) -> Path:
    """The path of MiniLM's graph in the cache, built where it is missing or damaged, after encoding one text with it.

    `progress` gets (stage, done, total) of three stages. Raises: EncoderError where the weights are missing or altered.
    """
    from rebracket_core.encoders.onnx.minilm import OnnxMiniLM
    from rebracket_core.encoders.onnx.minilm_files import find_minilm
    from rebracket_core.encoders.onnx.minilm_graph import graph_path, open_graph

    def stage(name: str, done: int) -> None:
        if progress is not None:
            progress(name, done, 3)

    stage("checking the weights of MiniLM", 0)
    files = find_minilm(settings)
    stage("building the graph of MiniLM", 1)
    open_graph(files, settings=settings)
    stage("encoding a first text", 2)
    OnnxMiniLM(settings).encode(["a thing that was here"])
    stage("MiniLM is ready", 3)
    return graph_path(settings)
