"""The default encoder: all-MiniLM-L6-v2 through ONNX Runtime, without torch."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebracket_core.encoders.device import helper_places, thread_count
from rebracket_core.encoders.minilm_files import (
    DIM,
    OVERLAP,
    TOKENIZER_SHA256,
    WEIGHTS_SHA256,
    WINDOW,
    find_minilm,
)
from rebracket_core.encoders.minilm_graph import GRAPH_VERSION, open_graph
from rebracket_core.encoders.protocol import Progress, Vectors, checked_texts, checked_vectors
from rebracket_core.encoders.tokens import Tokens
from rebracket_core.encoders.windows import Padded, Windowing, embed
from rebracket_core.settings import Settings

ENCODER_ID = (
    f"minilm|onnx{GRAPH_VERSION}|float32|mean|weights {WEIGHTS_SHA256[:16]}|tokenizer {TOKENIZER_SHA256[:16]}"
    f"|window {WINDOW}|overlap {OVERLAP}"
)

# Padded tokens of a batch. Small batches keep a layer's activations in the core's cache: at 75 tokens a text, 512 took 0.6
# of sentence-transformers' time where 16 texts a batch took 0.74.
BATCH_TOKENS = 512

# How long a thread waits awake for the next operation of a forward pass. Asleep at once, a text that fills the window took
# 41 ms, and 37 with 100 microseconds; without a limit it takes 34, but slows down everything else that the machine does.
SPIN_US = 100


class OnnxMiniLM:
    """Texts to vectors (n, 384) float32; the files are checked when it is made, the sessions open when first needed.

    One batch is spread over the threads, which is the quickest way to one answer; of many batches each thread takes
    its own, which spares the waiting for one another (0.65 of sentence-transformers' time where 0.80 was measured).
    `folder` replaces the installed package's model folder.
    Safe to call from several threads. Raises: EncoderError where the files are missing or altered.
    """

    encoder_id = ENCODER_ID
    dim = DIM
    window = WINDOW

    def __init__(self, settings: Settings, *, folder: Path | None = None) -> None:
        self._settings = settings
        self._files = find_minilm(settings, folder=folder)
        self._lock = threading.Lock()
        self._tokenizer: Tokens | None = None
        self._sessions: dict[int, Any] = {}
        self._threads = thread_count(settings)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="minilm")

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Vectors (n, 384) float32 in the order of `texts`, rows of length 1; long texts are split, never cut."""
        listed = checked_texts(texts)
        if not listed:
            return np.zeros((0, DIM), dtype=np.float32)
        windowing = Windowing(
            window=WINDOW, overlap=OVERLAP, frame=self._tokens().frame, max_rows=BATCH_TOKENS, max_tokens=BATCH_TOKENS
        )
        ids = self._tokens().ids(listed)
        vectors = embed(ids, self._forward, windowing=windowing, dim=DIM, progress=progress)
        return checked_vectors(vectors, encoder_id=ENCODER_ID)

    def _forward(self, batches: Sequence[Padded]) -> Iterable[NDArray[np.float32]]:
        alone = len(batches) == 1
        session = self._session(self._threads if alone else 1)

        def forward(padded: Padded) -> NDArray[np.float32]:
            ids, mask = padded()
            vectors: NDArray[np.float32] = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            return vectors

        return map(forward, batches) if alone else self._pool.map(forward, batches)

    def _tokens(self) -> Tokens:
        with self._lock:
            if self._tokenizer is None:
                from tokenizers import Tokenizer

                self._tokenizer = Tokens(Tokenizer.from_buffer(self._files.tokenizer))
            return self._tokenizer

    def _session(self, threads: int) -> Any:
        with self._lock:
            if threads not in self._sessions:
                self._sessions[threads] = self._open_session(threads)
            return self._sessions[threads]

    def _open_session(self, threads: int) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it is fused already
        options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_US))
        if places := helper_places(threads):
            options.add_session_config_entry("session.intra_op_thread_affinities", places)
        graph = open_graph(self._files, settings=self._settings)
        source = graph if isinstance(graph, bytes) else str(graph)
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
