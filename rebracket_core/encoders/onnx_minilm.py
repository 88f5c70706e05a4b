"""The default encoder: all-MiniLM-L6-v2 through ONNX Runtime, without torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebracket_core.encoders.device import thread_count
from rebracket_core.encoders.minilm_files import (
    DIM,
    OVERLAP,
    TOKENIZER_SHA256,
    WEIGHTS_SHA256,
    WINDOW,
    MiniLMFiles,
    find_minilm,
)
from rebracket_core.encoders.minilm_graph import GRAPH_VERSION, open_graph
from rebracket_core.encoders.protocol import Progress, Vectors, checked_texts, checked_vectors
from rebracket_core.encoders.tokens import Tokens
from rebracket_core.encoders.windows import Ints, Windowing, embed
from rebracket_core.settings import Settings

ENCODER_ID = (
    f"minilm|onnx{GRAPH_VERSION}|float32|mean|weights {WEIGHTS_SHA256[:16]}|tokenizer {TOKENIZER_SHA256[:16]}"
    f"|window {WINDOW}|overlap {OVERLAP}"
)

# Padded tokens of a batch. Small batches keep a layer's activations in the core's cache: at 75 tokens a text, 512 took 0.6
# of sentence-transformers' time where 16 texts a batch took 0.74.
BATCH_TOKENS = 512


class OnnxMiniLM:
    """Texts to vectors (n, 384) float32; the files are checked when it is made, the session opens when first needed.

    `spinning` lets ONNX Runtime's threads spin: faster for a process that does nothing else (5 ms where 9 were measured
    for a short text), slower beside other busy threads (24 ms where 11 were), so it is off. `folder` replaces the
    installed package's model folder.
    Safe to call from several threads. Raises: EncoderError where the files are missing or altered.
    """

    encoder_id = ENCODER_ID
    dim = DIM
    window = WINDOW

    def __init__(self, settings: Settings, *, folder: Path | None = None, spinning: bool = False) -> None:
        self._settings = settings
        self._spinning = spinning
        self._files = find_minilm(settings, folder=folder)
        self._lock = threading.Lock()
        self._open: tuple[Tokens, Any] | None = None

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Vectors (n, 384) float32 in the order of `texts`, rows of length 1; long texts are split, never cut."""
        listed = checked_texts(texts)
        if not listed:
            return np.zeros((0, DIM), dtype=np.float32)
        tokens, session = self._ready()

        def forward(ids: Ints, mask: Ints) -> NDArray[np.float32]:
            vectors: NDArray[np.float32] = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            return vectors

        windowing = Windowing(
            window=WINDOW, overlap=OVERLAP, frame=tokens.frame, max_rows=BATCH_TOKENS, max_tokens=BATCH_TOKENS
        )
        vectors = embed(tokens.ids(listed), forward, windowing=windowing, dim=DIM, progress=progress)
        return checked_vectors(vectors, encoder_id=ENCODER_ID)

    def _ready(self) -> tuple[Tokens, Any]:
        with self._lock:
            if self._open is None:
                from tokenizers import Tokenizer

                self._open = Tokens(Tokenizer.from_buffer(self._files.tokenizer)), self._session(self._files)
            return self._open

    def _session(self, files: MiniLMFiles) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count(self._settings)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it is fused already
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if self._spinning else "0")
        graph = open_graph(files, settings=self._settings)
        source = graph if isinstance(graph, bytes) else str(graph)
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
