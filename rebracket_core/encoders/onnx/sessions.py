"""A graph in ONNX Runtime: token ids and mask in, unit vectors out, one session a way of spreading the work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebracket_core.encoders.cpu_affinity import Places, places
from rebracket_core.encoders.text.windows import Padded
from rebracket_core.errors import EncoderError, lines_of

# Padded tokens of a batch. Small batches keep a layer's activations in the core's cache, and sixteen short texts of a busy
# server become one batch a core: 256 took 7.5 ms of processor time a short text and 21.6 a text of 75 tokens, 512 took 8.8
# and 24.4 (medians of paired rounds on a busy machine); 192 was no better.
BATCH_TOKENS = 256

# How long a thread waits awake for the next operation of a forward pass. Asleep at once, a text that fills the window took
# 41 ms, and 37 with 100 microseconds; without a limit it takes 34, but slows down everything else that the machine does.
SPIN_US = 100
_LEVELS = {"none": "ORT_DISABLE_ALL", "basic": "ORT_ENABLE_BASIC", "all": "ORT_ENABLE_ALL"}


class Sessions:
    """The sessions of one graph, opened when first needed; safe to call from several threads.

    One batch is spread over the threads, which is the quickest way to one answer; of many batches each thread takes
    its own, which spares the waiting for one another (0.65 of sentence-transformers' time where 0.80 was measured). So
    does one batch where another caller is at work already.
    `graph` gives the path or the bytes of the graph; `optimise` says what ONNX Runtime is to make of it: "none" where it is
    fused already, "basic" or "all".
    """

    def __init__(self, graph: Callable[[], Path | bytes], *, threads: int, optimise: str) -> None:
        self._graph = graph
        self._threads = threads
        self._optimise = optimise
        self._lock = threading.Lock()
        self._sessions: dict[int, tuple[Any, Places | None]] = {}
        self._callers = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="onnx")

    def forward(self, batches: Sequence[Padded]) -> Iterator[NDArray[np.float32]]:
        """The vectors (b, dim) of each batch, in order."""
        with self._lock:
            self._callers += 1
            crowded = self._callers > 1
        try:
            yield from self._forward(batches, crowded=crowded)
        finally:
            with self._lock:
                self._callers -= 1

    def _forward(self, batches: Sequence[Padded], *, crowded: bool) -> Iterator[NDArray[np.float32]]:
        single = len(batches) == 1
        session, at = self._session(self._threads if single and not crowded else 1)

        def run(padded: Padded) -> NDArray[np.float32]:
            ids, mask = padded()
            with at.caller_in_place() if at else contextlib.nullcontext():
                vectors: NDArray[np.float32] = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            return vectors

        return map(run, batches) if single else self._pool.map(run, batches)

    def _session(self, threads: int) -> tuple[Any, Places | None]:
        with self._lock:
            if threads not in self._sessions:
                self._sessions[threads] = self._open(threads)
            return self._sessions[threads]

    def _open(self, threads: int) -> tuple[Any, Places | None]:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, _LEVELS[self._optimise])
        options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_US))
        if at := places(threads):
            options.add_session_config_entry("session.intra_op_thread_affinities", at.option)
        graph = self._graph()
        source = graph if isinstance(graph, bytes) else str(graph)
        try:
            return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"]), at
        except Exception as cause:  # one class a status, with nothing in common
            raise EncoderError(
                "The encoder's graph cannot be opened.",
                expected="the file that was there before, whole and readable",
                found=lines_of(cause)[0],
                where="" if isinstance(graph, bytes) else str(graph),
                hint="put the file back; the next text tries again",
            ) from cause
