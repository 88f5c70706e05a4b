"""Vectors that were made elsewhere, looked up by the content of an item: an id, a text, an item of any modality."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from rebracket_core.encoders.base import Vectors, checked_texts
from rebracket_core.encoders.modality import MODALITIES, TEXT, checked_items
from rebracket_core.encoders.text.windows import unit
from rebracket_core.errors import EncoderError
from rebracket_core.progress import StepCounter

SHOWN = 3
Input = TypeVar("Input")


class Precomputed(Generic[Input]):
    """An encoder whose vectors come from a column, scaled to length 1, found by the content of an item.

    Args:
        vectors: item (of text: an id or the text itself) → its vector; all of one width, finite, none of zeros only.
        name: tells people which vectors these are; the encoder id also carries a digest of items and vectors.
        modality: what the items are; it tells their content apart.

    Raises: EncoderError, naming the item, for what is no vector.
    """

    window = 0

    def __init__(self, vectors: Mapping[Input, ArrayLike], *, name: str, modality: str = TEXT.name) -> None:
        if not vectors:
            raise EncoderError(
                f"The precomputed vectors '{name}' are empty.",
                expected="at least one id with its vector",
                found="none",
                hint="check the column of vectors",
            )
        self.modality = modality
        content = MODALITIES.get(modality).content
        item_of = {content(item): item for item in checked_items(list(vectors), modality=modality)}
        keys = sorted(item_of)
        self._matrix = unit(np.stack(_rows(vectors, items=[item_of[key] for key in keys], name=name)))
        self._matrix.setflags(write=False)
        self._position = {key: at for at, key in enumerate(keys)}
        self._name = name
        self._example = item_of[keys[0]]
        digest = hashlib.sha256(b"\0".join(keys))
        digest.update(self._matrix.astype("<f4").tobytes())
        self.encoder_id = f"precomputed {name}|float32|vectors {digest.hexdigest()[:16]}"
        self.dim = int(self._matrix.shape[1])

    @classmethod
    def from_columns(cls, items: Iterable[Input], vectors: Iterable[ArrayLike], *, name: str) -> Precomputed[Input]:
        """Return precomputed vectors from two columns of one length; an item that comes twice must have one vector.

        Raises: EncoderError where it has two different ones, ValueError for columns of two lengths.
        """
        found: dict[Input, ArrayLike] = {}
        for item, vector in zip(items, vectors, strict=True):
            if item in found and not np.array_equal(np.asarray(found[item]), np.asarray(vector)):
                raise EncoderError(
                    f"The id '{item}' has two different vectors.",
                    expected="one vector for one id",
                    found="two",
                    where=name,
                    hint="drop one of the rows",
                )
            found[item] = vector
        return cls(found, name=name)

    def has(self, item: Input) -> bool:
        """Whether there is a vector for this item."""
        return MODALITIES.get(self.modality).content(item) in self._position

    def encode(self, items: Sequence[Input], *, progress: StepCounter | None = None) -> Vectors:
        """Return vectors (n, dim) float32 of the items, in their order. Raises: EncoderError for an item that has none."""
        listed = checked_items(items, modality=self.modality)
        content = MODALITIES.get(self.modality).content
        at = [self._position.get(content(item), -1) for item in listed]
        unknown = [item for item, position in zip(listed, at, strict=True) if position < 0]
        if unknown:
            raise EncoderError(
                f"{len(unknown)} of {len(listed)} ids have no precomputed vector.",
                expected=f"ids of '{self._name}', such as {self._example!r}",
                found=", ".join(repr(item) for item in unknown[:SHOWN]),
                hint="give their vectors too, or use a text encoder such as 'minilm'",
            )
        if progress is not None and listed:
            progress(len(listed), len(listed))
        return self._matrix[at].reshape(len(listed), self.dim)


class PrecomputedTexts:
    """The vectors of a Parquet table, found by the texts that they were made from.

    A blank text, which has no direction, points along the first axis. Args: `path` of a table as `read_embeddings` takes it,
    with the column of texts beside that of vectors. Raises: DataError for a table that cannot be read, EncoderError where it
    holds no texts, or one text with two vectors.
    """

    modality = TEXT.name
    window = 0

    def __init__(self, path: Path) -> None:
        from rebracket_core.corpus import SAME_VECTOR_TOLERANCE, read_embeddings

        table = read_embeddings(path)
        found: dict[str, np.ndarray] = {}
        for row_id, digest, vector in zip(table.ids, table.text_digests, table.vectors, strict=True):
            if digest and not np.allclose(found.setdefault(digest, vector), vector, rtol=0, atol=SAME_VECTOR_TOLERANCE):
                raise EncoderError(
                    "One text has two different vectors.",
                    expected="one vector for one text",
                    found=f"another one for the text of {row_id!r}",
                    where=str(path),
                    hint="drop one of the rows",
                )
        if not found:
            raise EncoderError(
                "The table does not hold the texts of its vectors.",
                expected="a column concept or lyric_text beside the vectors",
                found=f"vectors in '{table.vector_column}' alone",
                hint="write the texts into the table too",
                where=str(path),
            )
        self._vectors = Precomputed(found, name=path.name)
        self.encoder_id = self._vectors.encoder_id
        self.dim = self._vectors.dim
        self._path = path

    def knows(self, text: str) -> bool:
        """Whether there is a vector for this text; a blank one needs none."""
        from rebracket_core.corpus import text_digest
        from rebracket_core.texts import clean_text

        digest = text_digest(clean_text(text))
        return not digest or self._vectors.has(digest)

    def encode(self, texts: Sequence[str], *, progress: StepCounter | None = None) -> Vectors:
        """Return vectors (n, dim) float32 of the texts, in their order. Raises: EncoderError for texts that have none."""
        from rebracket_core.corpus import text_digest
        from rebracket_core.texts import clean_text

        listed = checked_texts(texts)
        digests = [text_digest(clean_text(text)) for text in listed]
        unknown = [text for text, digest in zip(listed, digests, strict=True) if digest and not self._vectors.has(digest)]
        if unknown:
            raise EncoderError(
                f"{len(unknown)} of {len(listed)} texts have no precomputed vector.",
                expected=f"texts whose vectors stand in {self._path.name}",
                found=", ".join(repr(text[:60]) for text in unknown[:SHOWN]),
                where=str(self._path),
                hint="add their rows to the table, or use a text encoder such as 'minilm'",
            )
        found = np.zeros((len(listed), self.dim), dtype=np.float32)
        written = [at for at, digest in enumerate(digests) if digest]
        found[written] = self._vectors.encode([digests[at] for at in written])
        if progress is not None and listed:
            progress(len(listed), len(listed))
        return unit(found)


def _rows(vectors: Mapping[Input, ArrayLike], *, items: Sequence[Input], name: str) -> list[Vectors]:
    rows: list[Vectors] = []
    for item in items:
        try:
            row = np.asarray(vectors[item], dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise _refused(item, f"no list of numbers ({error})", name=name) from error
        if row.ndim != 1 or row.size == 0:
            raise _refused(item, f"shape {row.shape}", name=name)
        if rows and row.shape != rows[0].shape:
            raise _refused(item, f"{row.size} numbers, where the others have {rows[0].size}", name=name)
        if not np.isfinite(row).all() or not row.any():
            raise _refused(item, "zeros only, or numbers that are not finite", name=name)
        rows.append(row)
    return rows


def _refused(item: object, found: str, *, name: str) -> EncoderError:
    return EncoderError(
        f"The precomputed vector of '{item}' cannot be used.",
        found=found,
        where=name,
        expected="a list of finite numbers, as long as the others",
        hint="correct or drop this row",
    )
