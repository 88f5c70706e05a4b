"""The default encoder: all-MiniLM-L6-v2 through ONNX Runtime, without torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rebracket_core.encoders.base import Vectors, checked_texts, checked_vectors
from rebracket_core.encoders.device import thread_count
from rebracket_core.encoders.modality import TEXT
from rebracket_core.encoders.onnx.minilm_files import DIM, OVERLAP, TOKENIZER_SHA256, WEIGHTS_SHA256, WINDOW, find_minilm
from rebracket_core.encoders.onnx.minilm_graph import GRAPH_VERSION, open_graph
from rebracket_core.encoders.onnx.sessions import BATCH_TOKENS, Sessions
from rebracket_core.encoders.text.tokens import Tokens
from rebracket_core.encoders.text.windows import Windowing, embed
from rebracket_core.progress import StepCounter
from rebracket_core.settings import Settings

ENCODER_ID = (
    f"minilm|onnx{GRAPH_VERSION}|float32|mean|weights {WEIGHTS_SHA256[:16]}|tokenizer {TOKENIZER_SHA256[:16]}"
    f"|window {WINDOW}|overlap {OVERLAP}"
)


class OnnxMiniLM:
    """Texts to vectors (n, 384) float32; the files are checked when it is made, the sessions open when first needed.

    `folder` replaces the installed package's model folder.
    Safe to call from several threads. Raises: EncoderError where the files are missing or altered.
    """

    modality = TEXT.name
    encoder_id = ENCODER_ID
    dim = DIM
    window = WINDOW

    def __init__(self, settings: Settings, *, folder: Path | None = None) -> None:
        self._files = find_minilm(settings, folder=folder)
        self._lock = threading.Lock()
        self._tokenizer: Tokens | None = None
        self._sessions = Sessions(
            lambda: open_graph(self._files, settings=settings), threads=thread_count(settings), optimise="none"
        )

    def encode(self, texts: Sequence[str], *, progress: StepCounter | None = None) -> Vectors:
        """Vectors (n, 384) float32 in the order of `texts`, rows of length 1; long texts are split, never cut."""
        listed = checked_texts(texts)
        if not listed:
            return np.zeros((0, DIM), dtype=np.float32)
        windowing = Windowing(
            window=WINDOW, overlap=OVERLAP, frame=self._tokens().frame, max_rows=BATCH_TOKENS, max_tokens=BATCH_TOKENS
        )
        ids = self._tokens().ids(listed)
        vectors = embed(ids, self._sessions.forward, windowing=windowing, dim=DIM, progress=progress)
        return checked_vectors(vectors, encoder_id=ENCODER_ID)

    def _tokens(self) -> Tokens:
        with self._lock:
            if self._tokenizer is None:
                from tokenizers import Tokenizer

                self._tokenizer = Tokens(Tokenizer.from_buffer(self._files.tokenizer))
            return self._tokenizer
