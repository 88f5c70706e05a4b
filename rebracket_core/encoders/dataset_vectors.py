"""The vectors that came with a data set's texts, as an encoder that knows these texts and takes vectors for others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from rebracket_core.encoders.base import Encoder, Vectors, checked_texts
from rebracket_core.encoders.modality import TEXT
from rebracket_core.encoders.text.windows import unit
from rebracket_core.errors import EncoderError
from rebracket_core.progress import StepCounter

if TYPE_CHECKING:
    from rebracket_core.corpus import Dataset, FieldVectors, VectorsMeta
    from rebracket_core.settings import Settings

VECTORS_PREFIX = "vectors:"
SHOWN = 3


@runtime_checkable
class KnowsTexts(Protocol):
    """An encoder that has vectors of some texts alone."""

    def knows(self, text: str) -> bool:
        """Whether there is a vector for this text."""
        ...


class DatasetVectors:
    """Vectors of length 1, found by the texts that they stood beside; a blank text points along the first axis.

    Args:
        found: digest of a clean text → its vector.
        dim: the width of the vectors.
        encoder_id: what names these vectors.
        needs: what a text that is not among them needs, for people: "a vector of 768 numbers by ...".
        remarks: what was remarkable about them at import.
    """

    modality = TEXT.name
    window = 0

    def __init__(
        self, found: Mapping[str, np.ndarray], *, dim: int, encoder_id: str, needs: str, remarks: Sequence[str] = ()
    ) -> None:
        self._found = dict(found)
        self.dim = dim
        self.encoder_id = encoder_id
        self.needs = needs
        self.remarks = tuple(remarks)

    def knows(self, text: str) -> bool:
        """Whether there is a vector for this text; a blank one needs none."""
        digest = _digest(text)
        return not digest or digest in self._found

    def encode(self, texts: Sequence[str], *, progress: StepCounter | None = None) -> Vectors:
        """Return vectors (n, dim) float32 of the texts, in their order. Raises: EncoderError for texts that have none."""
        return self.encode_own(texts, own=(), progress=progress)

    def encode_own(
        self, texts: Sequence[str], *, own: Sequence[Sequence[float] | None], progress: StepCounter | None = None
    ) -> Vectors:
        """Return the same, where a text may bring a vector of its own (None: it brings none); `own` is () for none at all.

        Raises: EncoderError for a text that has none, and for a vector that is none of this width.
        """
        listed = checked_texts(texts)
        brought = list(own) or [None] * len(listed)
        rows = np.zeros((len(listed), self.dim), dtype=np.float32)
        unknown: list[str] = []
        for at, (text, vector) in enumerate(zip(listed, brought, strict=True)):
            if vector is not None:
                rows[at] = self.checked(vector)
            elif digest := _digest(text):
                known = self._found.get(digest)
                if known is None:
                    unknown.append(text)
                else:
                    rows[at] = known
        if unknown:
            raise EncoderError(
                f"{len(unknown)} of {len(listed)} texts have no vector.",
                expected=self.needs,
                found=", ".join(repr(text[:60]) for text in unknown[:SHOWN]),
                hint="give their vectors with the texts, or use a run on a text encoder such as 'minilm'",
            )
        if progress is not None and listed:
            progress(len(listed), len(listed))
        return unit(rows)

    def beside(self, other: DatasetVectors) -> DatasetVectors:
        """The same with the texts of other data, whose vectors must be of this width: what a run is evaluated on."""
        if other.dim != self.dim:
            raise EncoderError(
                "The vectors of the other data set have another width.",
                expected=self.needs,
                found=f"{other.dim} numbers",
                hint="evaluate on a data set whose vectors were made by the encoder of the training vectors",
            )
        return DatasetVectors(
            {**self._found, **other._found}, dim=self.dim, encoder_id=self.encoder_id, needs=self.needs, remarks=self.remarks
        )

    def checked(self, vector: Sequence[float]) -> np.ndarray:
        """The vector (dim,) float32 that a text brings. Raises: EncoderError where it is none of this width."""
        numbers = np.asarray(vector, dtype=np.float32)
        if numbers.shape == (self.dim,) and np.isfinite(numbers).all() and numbers.any():
            return numbers
        finite = "finite, not all of them 0" if numbers.shape == (self.dim,) else f"{self.dim} numbers"
        raise EncoderError(
            "The vector of a text cannot be used.",
            expected=f"{finite}; {self.needs}",
            found="zeros, NaN or infinity" if numbers.shape == (self.dim,) else f"{numbers.size} numbers",
            hint="make it with the encoder that made the vectors of the training texts",
        )


def open_vectors(name: str, settings: Settings) -> DatasetVectors:
    """Return the encoder of "vectors:DATASET", or of "vectors:A+B" for the texts of several data sets.

    Raises: EncoderError for a data set without vectors, one of another width, or a text with two different ones; DataError
    where there is no such data set, StoreError where it is damaged.
    """
    from rebracket_core.corpus import Library

    library, parts = Library(settings.library), name.removeprefix(VECTORS_PREFIX).split("+")
    found: dict[str, np.ndarray] = {}
    known: list[VectorsMeta] = []
    for part in parts:
        meta = library.meta(part.strip())
        if not meta.own_vectors:
            why = "; ".join(finding.sentence for column in meta.vectors for finding in column.findings)
            raise EncoderError(
                "The data set has no vectors of its own.",
                expected="a data set that was imported with a column embedding, concept_embedding or lyric_embedding",
                found=f"{meta.name} without" + (f": {why}" if why else ""),
                hint="import the table with its vectors, or use the encoder 'minilm'",
            )
        known += meta.own_vectors
        _take_in(found, library.load(meta.name), library.vectors(meta.name), name=meta.name)
    widths = sorted({meta.dim for meta in known})
    if len(widths) > 1:
        raise EncoderError(
            "The vectors of the data sets differ in width.",
            expected="vectors of one encoder",
            found=" and ".join(map(str, widths)),
            where=name,
            hint="train on one of the data sets",
        )
    remarks = [f"'{meta.column}': {finding.sentence}" for meta in known for finding in meta.findings]
    needs = needs_of(known, parts=parts)
    return DatasetVectors(found, dim=widths[0], encoder_id=_id_of(found, known), needs=needs, remarks=remarks)


def vectors_for(name: str, *, encoder_id: str, described: Mapping[str, Any], settings: Settings) -> DatasetVectors:
    """Return the encoder of a run on vectors: with the texts of its data set where this is still as it was, else with none.

    Args:
        name: as `open_vectors` takes it.
        encoder_id: that of the run.
        described: what `describe_vectors` said when the run was trained.
        settings: the home.
    """
    from rebracket_core.errors import DataError, StoreError

    try:
        there = open_vectors(name, settings)
        if there.encoder_id == encoder_id:
            return there
    except (DataError, EncoderError, StoreError):
        pass  # a text can still bring a vector of its own, and one that does not is told what it needs
    return DatasetVectors({}, dim=int(described["dim"]), encoder_id=encoder_id, needs=str(described["needs"]))


def notes_on_vectors(encoder: Encoder[Any]) -> tuple[str, ...]:
    """Return what people should know of a run on vectors: what new texts need, what is remarkable; () for other encoders."""
    if not isinstance(encoder, DatasetVectors):
        return ()
    remarks = (f"The vectors are to be looked at: {'; '.join(encoder.remarks)}.",) if encoder.remarks else ()
    return (
        f"The run was trained on the vectors of its data; no encoder was opened. A new text needs {encoder.needs}.",
        *remarks,
    )


def describe_vectors(encoder: Encoder[Any]) -> dict[str, Any] | None:
    """Return what a run's manifest keeps of an encoder that is vectors: their width and what a new text needs; else None."""
    return {"dim": encoder.dim, "needs": encoder.needs} if isinstance(encoder, DatasetVectors) else None


def needs_of(known: Iterable[VectorsMeta], *, parts: Iterable[str]) -> str:
    """Return what a new text needs to be scored, in words that name the encoder, the column and the data set."""
    found = list(known)
    made_by = sorted({meta.encoder for meta in found if meta.encoder})
    columns = " and ".join(dict.fromkeys(f"'{meta.column}'" for meta in found))
    whom = " or ".join(made_by) or "the encoder (not named at import)"
    return f"a vector of {found[0].dim} numbers by {whom} that made the column {columns} of {' and '.join(parts)}"


def _take_in(found: dict[str, np.ndarray], dataset: Dataset, columns: Iterable[FieldVectors], *, name: str) -> None:
    """Add the vectors of a data set's texts, also of those that training joins where rows repeat a concept."""
    for column in columns:
        rows = dict(zip(column.ids, column.at.tolist(), strict=True))
        texts = dict(zip(dataset.frame["row_id"].tolist(), dataset.frame[column.field].tolist(), strict=True))
        for row_id, place in rows.items():
            _add(found, _digest(texts[row_id]), column.matrix[place], name=f"{name}, row {row_id}")
        for joined, parts in _joined(dataset, column.field):
            vectors = unit(np.stack([column.matrix[rows[row_id]] for row_id in parts]))
            _add(found, _digest(joined), vectors.mean(axis=0), name=f"{name}, row {parts[0]}")


def _joined(dataset: Dataset, field: str) -> list[tuple[str, list[str]]]:
    """The texts that the rows of one concept make together, with a row for each different part."""
    from rebracket_core.corpus import BLANK_LINE

    groups: dict[tuple[str, str], dict[str, str]] = {}
    names = ("group_id", "concept", "row_id", field)
    for group, concept, row_id, text in zip(*(dataset.frame[name].tolist() for name in names), strict=True):
        if text.strip():
            groups.setdefault((group, concept), {}).setdefault(text, row_id)
    return [(BLANK_LINE.join(parts), list(parts.values())) for parts in groups.values() if len(parts) > 1]


def _add(found: dict[str, np.ndarray], digest: str, vector: np.ndarray, *, name: str) -> None:
    known = found.setdefault(digest, vector)
    if known is not vector and not np.allclose(unit(known[None]), unit(vector[None]), rtol=0, atol=1e-3):
        raise EncoderError(
            "One text has two different vectors.",
            expected="one vector for one text",
            found=f"another one at {name}",
            hint="correct the column of vectors and import the data set again",
        )


def _id_of(found: Mapping[str, np.ndarray], known: Iterable[VectorsMeta]) -> str:
    digest = hashlib.sha256()
    for key in sorted(found):
        digest.update(key.encode() + found[key].astype("<f4").tobytes())
    made_by = sorted({meta.encoder or "encoder not named" for meta in known})
    return f"vectors of the data, {' + '.join(made_by)}|float32|vectors {digest.hexdigest()[:16]}"


def _digest(text: str) -> str:
    from rebracket_core.corpus import text_digest
    from rebracket_core.texts import clean_text

    return text_digest(clean_text(text))
