"""Texts → the features that heads take: each text field's vector side by side, and the words of all fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rebracket_core.encoders.base import Encoder
from rebracket_core.encoders.text.tfidf import TfidfVocabulary


@dataclass(frozen=True, slots=True)
class FeatureRecipe:
    """How features are made: which text fields, in which order, and how much vectors and words weigh.

    Blocks are unit vectors times their weight: (n_fields · encoder dim, then the words of `vocabulary`). A text that lacks
    a field has zeros in that block.
    """

    fields: tuple[str, ...]
    vector_weight: float
    vocabulary: TfidfVocabulary | None

    def assemble(self, vectors: Mapping[str, np.ndarray], texts: Mapping[str, Sequence[str]]) -> np.ndarray:
        """(n, d) float32 features from each field's (n, dim) unit vectors and each field's n texts."""
        present = {field: np.array([bool(t.strip()) for t in texts[field]])[:, None] for field in self.fields}
        blocks = [self.vector_weight * vectors[field] * present[field] for field in self.fields]
        if self.vocabulary is not None:
            blocks.append(self.vocabulary.transform(joined(texts, fields=self.fields)))
        return np.concatenate(blocks, axis=1).astype(np.float32, copy=False)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain values."""
        return {
            "fields": list(self.fields),
            "vector_weight": self.vector_weight,
            "lexicon": self.vocabulary.to_dict() if self.vocabulary else None,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> FeatureRecipe:
        """The recipe that `to_dict` gave."""
        vocabulary = TfidfVocabulary.from_dict(raw["lexicon"]) if raw["lexicon"] else None
        return cls(fields=tuple(raw["fields"]), vector_weight=float(raw["vector_weight"]), vocabulary=vocabulary)


def joined(texts: Mapping[str, Sequence[str]], *, fields: Sequence[str]) -> list[str]:
    """Each item's fields as one text, separated by blank lines, for counting words."""
    return ["\n\n".join(parts) for parts in zip(*(texts[field] for field in fields), strict=True)]


def encode_fields(
    texts: Mapping[str, Sequence[str]],
    *,
    fields: Sequence[str],
    encoder: Encoder,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, np.ndarray]:
    """Each field's (n, dim) unit vectors; an empty text gives whatever the encoder gives for it and is masked later."""
    return {field: encoder.encode(list(texts[field]), progress=progress) for field in fields}
