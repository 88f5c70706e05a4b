"""Encoders of other modalities where rows hold text: each text is turned into the item that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rebracket_core.encoders.base import Encoder, Vectors, checked_texts
from rebracket_core.encoders.modality import MODALITIES, TEXT
from rebracket_core.errors import EncoderError
from rebracket_core.progress import StepCounter


class FromText:
    """An encoder of texts around one of another modality; `Modality.from_text` says which item a text stands for.

    Raises: EncoderError where the modality says none.
    """

    modality = TEXT.name
    window = 0

    def __init__(self, encoder: Encoder[Any], *, name: str) -> None:
        kind = MODALITIES.get(encoder.modality)
        if kind.from_text is None:
            raise EncoderError(
                f"The encoder '{name}' cannot read the texts of data sets.",
                expected=f"an encoder of text, or a modality whose `from_text` says which {kind.item} a text stands for",
                found=f"an encoder of {kind.label}",
                hint="choose another encoder; see: rebracket encoders",
            )
        self._encoder, self._item_of = encoder, kind.from_text
        self.dim = encoder.dim
        self.encoder_id = f"{encoder.encoder_id}|{kind.name} from text"

    def encode(self, texts: Sequence[str], *, progress: StepCounter | None = None) -> Vectors:
        """Return vectors (n, dim) float32 of the items that the texts stand for, in their order, rows of length 1."""
        return self._encoder.encode([self._item_of(text) for text in checked_texts(texts)], progress=progress)
