"""Texts into token ids with a fast tokenizer: nothing cut, nothing padded, and no character that it can't read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rebracket_core.encoders.text.windows import Frame

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CHUNK_TEXTS = 512
CHUNK_CHARS = 500_000
REPLACEMENT = "\ufffd"


def readable(text: str) -> str:
    """The text with NUL and lone surrogates as U+FFFD (a split surrogate pair is joined); other texts unchanged."""
    if text.isascii():
        return text.replace("\0", REPLACEMENT) if "\0" in text else text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", REPLACEMENT)


class Tokens:
    """A tokenizer that gives the ids of whole texts, and the special tokens that belong around a window."""

    def __init__(self, tokenizer: Tokenizer, *, pad: int = 0) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        probe = tokenizer.encode("a")
        special = probe.special_tokens_mask
        before = special.index(0) if 0 in special else len(special)
        after = len(special) - 1 - special[::-1].index(0) if 0 in special else len(special) - 1
        self.frame = Frame(prefix=tuple(probe.ids[:before]), suffix=tuple(probe.ids[after + 1 :]), pad=pad)

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """The token ids (t,) int32 of each text without special tokens; memory beyond that is bounded by a chunk."""
        found: list[NDArray[np.int32]] = []
        for chunk in _chunks(texts):
            encodings = self._tokenizer.encode_batch_fast(chunk, add_special_tokens=False)
            found.extend(np.asarray(e.ids, dtype=np.int32) for e in encodings)
        return found


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    chars = 0
    for text in texts:
        if chunk and (len(chunk) >= CHUNK_TEXTS or chars + len(text) > CHUNK_CHARS):
            yield chunk
            chunk, chars = [], 0
        chunk.append(readable(text))
        chars += len(text)
    if chunk:
        yield chunk
