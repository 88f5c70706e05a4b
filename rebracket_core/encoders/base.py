"""What every encoder offers: items of one modality in, unit vectors out, an id that names everything that changes a vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rebracket_core.encoders.modality import TEXT, checked_items
from rebracket_core.errors import EncoderError
from rebracket_core.progress import StepCounter

Vectors = NDArray[np.float32]
Input = TypeVar("Input", contravariant=True)


@runtime_checkable
class Encoder(Protocol[Input]):
    """Something that turns items of one modality into vectors of one embedding space; safe to call from several threads."""

    @property
    def modality(self) -> str:
        """The name of a registered modality: what the items are."""
        ...

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
        """The units that one pass sees (of text: tokens, special ones too); a longer item is split. 0 where none applies."""
        ...

    def encode(self, items: Sequence[Input], /, *, progress: StepCounter | None = None) -> Vectors:
        """Return vectors (n, dim) float32 in the order of the items, rows of length 1.

        Args:
            items: n items of the modality; an item's vector does not depend on the others.
            progress: gets (items done, items) as the work goes on, last (n, n).

        Raises: InputError for an item of another modality, EncoderError where no vector can be made.
        """
        ...


def checked_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts as a list; a lone string or an item that is no string is an InputError."""
    return checked_items(texts, modality=TEXT.name)


def checked_vectors(vectors: NDArray[Any], *, encoder_id: str) -> Vectors:
    """Return the same vectors (n, dim) as float32, once they are known to be finite; EncoderError otherwise."""
    if not bool(np.isfinite(vectors).all()):
        raise EncoderError(
            "The encoder gave a vector with numbers that are not finite.",
            expected="finite numbers",
            found="NaN or infinity",
            where=encoder_id,
            hint="the weights may be damaged: install or copy them again, or use the encoder 'minilm'",
        )
    return vectors.astype(np.float32, copy=False)
