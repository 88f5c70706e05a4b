"""An encoder from two files, a graph and a tokenizer, through ONNX Runtime: neither torch nor transformers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.encoders.base import Vectors, checked_texts, checked_vectors
from rebracket_core.encoders.modality import TEXT
from rebracket_core.encoders.onnx.sessions import BATCH_TOKENS, Sessions
from rebracket_core.encoders.text.tokens import Tokens
from rebracket_core.encoders.text.windows import Ints, Padded, Windowing, embed
from rebracket_core.errors import EncoderError
from rebracket_core.progress import StepCounter


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """What a graph and a tokenizer don't say of themselves.

    `dim`: width of a vector; `window`, `overlap`: tokens of one pass (special ones too) and those that neighbours share;
    `pad`: the id that fills a batch; `optimise`: what ONNX Runtime is to make of the graph, none, basic or all;
    `trained_as`: the encoder's id in the run.
    """

    dim: int
    window: int
    overlap: int
    pad: int
    optimise: str
    trained_as: str

    def to_dict(self) -> dict[str, Any]:
        """The facts as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> EncoderFacts:
        """The facts that `to_dict` gave."""
        numbers = {name: int(raw[name]) for name in ("dim", "window", "overlap", "pad")}
        return cls(**numbers, optimise=str(raw["optimise"]), trained_as=str(raw["trained_as"]))


class OnnxEncoder:
    """Texts to vectors (n, dim) float32 with the graph and the tokenizer of two files; sessions open when first needed.

    Safe to call from several threads. Raises: EncoderError where the tokenizer or the graph cannot be used.
    """

    modality = TEXT.name

    def __init__(self, graph: Path, tokenizer: Path, *, facts: EncoderFacts, encoder_id: str, threads: int) -> None:
        from tokenizers import Tokenizer

        self.encoder_id = encoder_id
        self.dim = facts.dim
        self.window = facts.window
        try:
            self._tokens = Tokens(Tokenizer.from_file(str(tokenizer)), pad=facts.pad)
        except Exception as cause:  # the library raises nothing more exact
            raise EncoderError(
                "The tokenizer cannot be read.",
                expected="a file of the tokenizers library",
                found=str(cause),
                where=str(tokenizer),
                hint="export the run again",
            ) from cause
        self._sessions = Sessions(lambda: graph, threads=threads, optimise=facts.optimise)
        self._windowing = Windowing(
            window=facts.window, overlap=facts.overlap, frame=self._tokens.frame, max_rows=BATCH_TOKENS, max_tokens=BATCH_TOKENS
        )

    def encode(self, texts: Sequence[str], *, progress: StepCounter | None = None) -> Vectors:
        """Vectors (n, dim) float32 in the order of `texts`, rows of length 1; long texts are split, never cut."""
        listed = checked_texts(texts)
        if not listed:
            return np.zeros((0, self.dim), dtype=np.float32)
        vectors = embed(
            self._tokens.ids(listed), self._sessions.forward, windowing=self._windowing, dim=self.dim, progress=progress
        )
        return checked_vectors(vectors, encoder_id=self.encoder_id)

    def batches(self, texts: Sequence[str]) -> list[tuple[Ints, Ints]]:
        """The ids and masks (b, l) int64 that the graph gets for the texts."""
        found: list[tuple[Ints, Ints]] = []

        def forward(batches: Sequence[Padded]) -> Iterator[np.ndarray]:
            for padded in batches:
                found.append(padded())
                yield np.ones((len(found[-1][0]), self.dim), dtype=np.float32)

        embed(self._tokens.ids(checked_texts(texts)), forward, windowing=self._windowing, dim=self.dim)
        return found

    def too_long(self, texts: Sequence[str]) -> int:
        """How many of the texts take more than one window."""
        return sum(len(ids) > self._windowing.body for ids in self._tokens.ids(checked_texts(texts)))
