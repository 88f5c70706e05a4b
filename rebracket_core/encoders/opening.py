"""Encoders by name, with a cache in front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rebracket_core.encoders.base import Encoder
from rebracket_core.encoders.cache.cached_encoder import CachedEncoder
from rebracket_core.encoders.kinds import kind_of
from rebracket_core.encoders.modality import TEXT
from rebracket_core.encoders.text.from_text import FromText
from rebracket_core.progress import ProgressReporter
from rebracket_core.settings import Settings


def open_encoder(name: str, *, settings: Settings, cached: bool = True, layer: int | None = None) -> Encoder[Any]:
    """Return the encoder of that name.

    Args:
        name: as one of the registered kinds takes it: "minilm", "minilm-torch", "precomputed:TABLE.parquet", a transformers
            model by folder or hub name, or what an outside package registered.
        settings: the home, the device and the threads.
        cached: whether a cache stands in front.
        layer: a hidden layer in the place of the last (0 the word embeddings), always through PyTorch.

    Raises: EncoderError where it cannot be opened; the message says what can be used instead.

    Example:
        >>> encoder = open_encoder("minilm", settings=Settings.from_env())  # doctest: +SKIP
        >>> encoder.encode(["a bell that nobody cast"]).shape  # doctest: +SKIP
        (1, 384)
    """
    kind = kind_of(name)
    encoder = kind.open(name, settings) if layer is None else kind.open_layer(name, layer, settings=settings)
    return CachedEncoder(encoder, settings=settings) if cached and not kind.stored else encoder


def open_text_encoder(name: str, *, settings: Settings, cached: bool = True, layer: int | None = None) -> Encoder[str]:
    """Return the encoder of that name as one of texts: what trains on data sets, gives verdicts and draws maps opens this.

    An encoder of text is returned as it is; one of another modality gets the items that the texts stand for.
    Args, Raises: as `open_encoder`; and EncoderError where a text stands for no item of the encoder's modality.
    """
    encoder = open_encoder(name, settings=settings, cached=False, layer=layer)
    if encoder.modality != TEXT.name:
        encoder = FromText(encoder, name=name)
    return CachedEncoder(encoder, settings=settings) if cached and not kind_of(name).stored else encoder


def build_minilm(settings: Settings, *, progress: ProgressReporter | None = None) -> Path:
    """Return the path of MiniLM's graph in the cache, built where it is missing or damaged, after encoding one text with it.

    `progress` gets (stage, done, total) of three stages. Raises: EncoderError where the weights are missing or altered.
    """
    from rebracket_core.encoders.onnx.minilm import OnnxMiniLM
    from rebracket_core.encoders.onnx.minilm_files import find_minilm
    from rebracket_core.encoders.onnx.minilm_graph import graph_path, open_graph

    def stage(name: str, done: int) -> None:
        if progress is not None:
            progress.update(name, done, 3)

    stage("checking the weights of MiniLM", 0)
    files = find_minilm(settings)
    stage("building the graph of MiniLM", 1)
    open_graph(files, settings=settings)
    stage("encoding a first text", 2)
    OnnxMiniLM(settings).encode(["a thing that was here"])
    stage("MiniLM is ready", 3)
    return graph_path(settings)
