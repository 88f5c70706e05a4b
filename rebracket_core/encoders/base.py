"""What every encoder offers: texts in, unit vectors out, and an id that names everything that changes a vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rebracket_core.errors import EncoderError, InputError

Vectors = NDArray[np.float32]
Progress = Callable[[int, int], None]


@runtime_checkable
class Encoder(Protocol):
    """Something that turns texts into vectors of one embedding space."""

    @property
    def encoder_id(self) -> str:
        """Everything that changes a vector: weights digest, backend, dtype, pooling, window, overlap."""
        ...

    @property
    def dim(self) -> int:
        """The width of a vector."""
        ...

    @property
    def window(self) -> int:
        """The tokens that one pass sees, special tokens included; a longer text is split. 0 where none apply."""
        ...

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Vectors (n, dim) float32 in the order of `texts`, rows of length 1; `progress` gets (texts done, texts).

        Raises: InputError where `texts` holds anything but strings, EncoderError where no vector can be made.
        """
        ...


def checked_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a list; a lone string or an item that is no string is an InputError."""
    if isinstance(texts, str | bytes):
        raise InputError(
            "One string was given where a list of texts belongs.",
            expected="a list of strings",
            found=type(texts).__name__,
            hint="pass [text]",
        )
    listed = list(texts)
    for position, text in enumerate(listed):
        if not isinstance(text, str):
            raise InputError(
                "An item is no text.",
                expected="a string",
                found=type(text).__name__,
                where=f"text {position}",
                hint="drop empty cells or turn them into strings before encoding",
            )
    return listed


def checked_vectors(vectors: NDArray[Any], *, encoder_id: str) -> Vectors:
    """The same vectors, once they are known to be finite; EncoderError otherwise."""
    if not bool(np.isfinite(vectors).all()):
        raise EncoderError(
            "The encoder gave a vector with numbers that are not finite.",
            expected="finite numbers",
            found="NaN or infinity",
            where=encoder_id,
            hint="the weights may be damaged: install or copy them again, or use the encoder 'minilm'",
        )
    return vectors.astype(np.float32, copy=False)
