"""Vectors that stand beside the texts of a source: collected row by row under the rows' ids, checked, kept in one file.

A column is taken whole or not at all: each row that has a text needs a vector, all of one width, and one text has one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field as of_class, replace
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.corpus.embeddings import text_digest
from rebracket_core.corpus.readers.json_text import bounded_json
from rebracket_core.corpus.readers.labels import missing
from rebracket_core.corpus.vector_checks import SHOWN, VectorFinding, check_vectors
from rebracket_core.errors import DataError, StoreError
from rebracket_core.texts import clean_text, normalised_text

MAX_WIDTH = 16_384
MAX_BYTES = 256 * 1024 * 1024
"""What the different vectors of a column may come to."""
_ALIKE = 1e-4
_PROBLEMS = {
    "missing": "{n} rows with a text have no vector",
    "no_numbers": "{n} rows hold something else than a list of numbers",
    "width": "{n} rows have a vector of another width than the first",
    "not_finite": "{n} rows have a vector with NaN or infinite numbers",
    "zero": "{n} rows have a vector of zeros alone",
    "two_for_a_text": "{n} rows have another vector than an earlier row of their text, so the vectors are not of these texts",
    "too_large": "{n} rows lie beyond the 256 MiB that a column of vectors may come to",
    "unread": "{n} rows stand in files that have no such column",
}


@dataclass(frozen=True, slots=True)
class FieldVectors:
    """The vectors of one field: the row `ids[i]` has `matrix[at[i]]`; `matrix` (k, d) float32 holds each different one once.

    `column` is where they stood, `encoder` what made them as far as somebody said so ("" where not). A column that was
    not taken has no rows, and findings that say why.
    """

    field: str
    column: str
    ids: tuple[str, ...] = ()
    at: np.ndarray = of_class(default_factory=lambda: np.empty(0, dtype=np.int64))
    matrix: np.ndarray = of_class(default_factory=lambda: np.empty((0, 0), dtype=np.float32))
    findings: tuple[VectorFinding, ...] = ()
    encoder: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the vectors are there."""
        return bool(self.ids)

    @property
    def note(self) -> str:
        """What a person should know of the column, in a sentence."""
        found = "; ".join(finding.sentence for finding in self.findings)
        if not self.is_taken:
            return f"The vectors in '{self.column}' were not taken: {found}."
        taken = (
            f"'{self.column}' was taken as the vectors of the {self.field}: {len(self.ids):,} rows, {len(self.matrix):,} "
            f"different vectors, {self.matrix.shape[1]} numbers each, joined by id."
        )
        return f"{taken} To be looked at: {found}." if found else taken

    def describe(self) -> VectorsMeta:
        """What the data set's description keeps of it."""
        return VectorsMeta(
            field=self.field,
            column=self.column,
            dim=int(self.matrix.shape[1]),
            n_rows=len(self.ids),
            n_vectors=len(self.matrix),
            encoder=self.encoder,
            digest=self._digest() if self.is_taken else "",
            findings=self.findings,
        )

    def to_dict(self) -> dict[str, Any]:
        """The vectors as values that JSON carries; `vectors_of` reads them."""
        return {
            "field": self.field,
            "column": self.column,
            "ids": list(self.ids),
            "at": self.at.tolist(),
            "dim": int(self.matrix.shape[1]),
            "matrix": base64.b64encode(self.matrix.astype("<f4").tobytes()).decode("ascii"),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def _digest(self) -> str:
        digest = hashlib.sha256(_packed(self.ids).tobytes())
        digest.update(self.at.astype("<i8").tobytes())
        digest.update(self.matrix.astype("<f4").tobytes())
        return digest.hexdigest()


def vectors_of(raw: Mapping[str, Any]) -> FieldVectors:
    """The vectors that `FieldVectors.to_dict` wrote."""
    numbers = np.frombuffer(base64.b64decode(raw["matrix"]), dtype="<f4").astype(np.float32)
    return FieldVectors(
        raw["field"],
        raw["column"],
        tuple(raw["ids"]),
        np.array(raw["at"], dtype=np.int64),
        numbers.reshape(-1, raw["dim"]) if raw["dim"] else numbers.reshape(0, 0),
        tuple(VectorFinding.from_dict(one) for one in raw["findings"]),
    )


@dataclass(frozen=True, slots=True)
class VectorsMeta:
    """What is known of a column of vectors without opening it; `digest` is "" for one that was not taken."""

    field: str
    column: str
    dim: int
    n_rows: int
    n_vectors: int
    encoder: str
    digest: str
    findings: tuple[VectorFinding, ...] = ()

    @property
    def is_taken(self) -> bool:
        """Whether the vectors are there."""
        return bool(self.digest)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> VectorsMeta:
        """The description that stands in a data set's meta file."""
        return cls(
            field=str(raw["field"]),
            column=str(raw["column"]),
            dim=int(raw["dim"]),
            n_rows=int(raw["n_rows"]),
            n_vectors=int(raw["n_vectors"]),
            encoder=str(raw["encoder"]),
            digest=str(raw["digest"]),
            findings=tuple(VectorFinding.from_dict(one) for one in raw["findings"]),
        )


def read_vector(value: object) -> np.ndarray | None:
    """The numbers of a cell, (d,) float32: a list, or a text that holds one as JSON; None for anything else."""
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return None
        try:
            value = bounded_json(value)
        except (ValueError, RecursionError, DataError):
            return None
    if not isinstance(value, (list, tuple, np.ndarray)) or not 0 < len(value) <= MAX_WIDTH:
        return None
    if any(isinstance(number, (bool, str, bytes)) or number is None for number in value):
        return None
    try:
        vector = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        return None
    return vector if vector.ndim == 1 else None


class VectorCollector:
    """Gathers one column of vectors, row by row; `result` checks what came together."""

    def __init__(self, *, field: str, column: str) -> None:
        self.field, self.column = field, column
        self._vectors: list[np.ndarray] = []
        self._places: dict[bytes, int] = {}
        self._at: dict[str, int] = {}
        self._of_text: dict[str, int] = {}
        self._name_of_text: dict[str, str] = {}
        self._problems: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, row_id: str, *, text: str, value: object) -> None:
        """Take the cell of a row, whose text is `text`; a row without a text needs no vector, and what it has is left."""
        text = clean_text(text)
        if not text:
            return
        found = self._read(value)
        if isinstance(found, str):
            self.refuse(found, row_id)
            return
        key = text_digest(normalised_text(text) or text)
        known = self._of_text.get(text_digest(text))
        if known is not None:
            if not np.allclose(found, self._vectors[known], rtol=_ALIKE, atol=_ALIKE * float(np.abs(found).max())):
                self.refuse("two_for_a_text", row_id)
                return
            place = known
        else:
            place = self._place(found)
            if place < 0:
                self.refuse("too_large", row_id)
                return
            self._of_text[text_digest(text)] = place
        self._name_of_text.setdefault(key, row_id)
        self._at[row_id] = place

    def refuse(self, problem: str, row_id: str) -> None:
        """Note that the row of an id stands against taking the column."""
        self._counts[problem] = self._counts.get(problem, 0) + 1
        rows = self._problems.setdefault(problem, [])
        if len(rows) < SHOWN:
            rows.append(row_id)

    def result(self, ids: Iterable[str] = ()) -> FieldVectors:
        """The checked vectors; `ids` are the rows that have a text in this field and therefore need one."""
        if not self._counts:
            for row_id in [one for one in ids if one not in self._at]:
                self.refuse("unread", row_id)
        problems = tuple(
            VectorFinding(name, _PROBLEMS[name].format(n=f"{n:,}"), tuple(self._problems[name]), bars=True)
            for name, n in self._counts.items()
        )
        nothing = FieldVectors(self.field, self.column)
        if problems:
            return replace(nothing, findings=problems)
        if not self._at:
            return replace(nothing, findings=(VectorFinding("empty", "no row has a text for it", bars=True),))
        matrix, texts = np.stack(self._vectors), list(self._name_of_text.values())
        places = np.array([self._at[row_id] for row_id in texts], dtype=np.int64)
        findings = check_vectors(matrix, places, names=texts)
        if any(finding.bars for finding in findings):
            return replace(nothing, findings=findings)
        at = np.fromiter(self._at.values(), dtype=np.int64, count=len(self._at))
        return FieldVectors(self.field, self.column, tuple(self._at), at, matrix, findings)

    def _read(self, value: object) -> np.ndarray | str:
        """The vector of a cell, or the name of the problem with it."""
        if missing(value):
            return "missing"
        vector = read_vector(value)
        if vector is None:
            return "no_numbers"
        if self._vectors and vector.shape != self._vectors[0].shape:
            return "width"
        if not np.isfinite(vector).all():
            return "not_finite"
        return vector if vector.any() else "zero"

    def _place(self, vector: np.ndarray) -> int:
        """Where the vector stands among the different ones; -1 where it would be too much."""
        key = hashlib.sha256(vector.tobytes()).digest()
        known = self._places.get(key)
        if known is not None:
            return known
        if (len(self._vectors) + 1) * vector.nbytes > MAX_BYTES:
            return -1
        self._places[key] = len(self._vectors)
        self._vectors.append(vector)
        return self._places[key]


def one_width(columns: Iterable[FieldVectors]) -> tuple[FieldVectors, ...]:
    """The columns, of which only those of the first one's width are taken: one space has one width."""
    out: list[FieldVectors] = []
    dim = 0
    for found in columns:
        if found.is_taken and dim and found.matrix.shape[1] != dim:
            other = VectorFinding(
                "other_width", f"{found.matrix.shape[1]} numbers, where the first column has {dim}", bars=True
            )
            found = FieldVectors(found.field, found.column, findings=(other,))
        elif found.is_taken:
            dim = int(found.matrix.shape[1])
        out.append(found)
    return tuple(out)


# ---- the file -----------------------------------------------------------------------------------------------------------


def to_arrays(columns: Iterable[FieldVectors]) -> dict[str, np.ndarray]:
    """The arrays that a file of vectors holds."""
    out: dict[str, np.ndarray] = {}
    for found in columns:
        if found.is_taken:
            out |= {
                f"{found.field}.ids": _packed(found.ids),
                f"{found.field}.at": found.at,
                f"{found.field}.matrix": found.matrix,
            }
    return out


def read_vectors_file(path: Path, known: Iterable[VectorsMeta]) -> tuple[FieldVectors, ...]:
    """The vectors of a file, as the data set's description has them.

    Raises StoreError where the file is missing or damaged, or holds others than those that were imported.
    """
    out: list[FieldVectors] = []
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for meta in known:
                ids = tuple(json.loads(arrays[f"{meta.field}.ids"].tobytes()))
                at, matrix = arrays[f"{meta.field}.at"], arrays[f"{meta.field}.matrix"]
                out.append(FieldVectors(meta.field, meta.column, ids, at, matrix, meta.findings, meta.encoder))
                if out[-1].describe().digest != meta.digest:
                    raise ValueError(f"other vectors of the {meta.field} than were imported")
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise StoreError(
            "The vectors of a data set cannot be read.",
            expected=path.name,
            found=str(error)[:200],
            hint="remove the data set and import it again",
            where=str(path),
        ) from error
    return tuple(out)


def _packed(ids: Iterable[str]) -> np.ndarray:
    """The ids as bytes of JSON: arrays of texts would lose NUL characters at an end."""
    return np.frombuffer(json.dumps(list(ids)).encode(), dtype=np.uint8)


# ---- a file of its own --------------------------------------------------------------------------------------------------


def joined_vectors(
    rows: Iterable[tuple[str, str]], *, ids: tuple[str, ...], vectors: np.ndarray, field: str, column: str, where: str
) -> FieldVectors:
    """The vectors of a file of their own, joined to rows of (id, text) by id, one to one.

    Raises DataError, naming rows, where a row has no vector, a vector no row, or the vectors cannot be used.
    """
    position = {row_id: at for at, row_id in enumerate(ids)}
    texts = dict(rows)
    lost = [row_id for row_id in texts if row_id not in position]
    foreign = [row_id for row_id in ids if row_id not in texts]
    if lost or foreign:
        parts = [_count_of(lost, "rows without a vector"), _count_of(foreign, "vectors without a row")]
        raise DataError(
            "The vectors and the rows do not belong together one to one.",
            expected="one vector for each row, under the row's id",
            found=", and ".join(part for part in parts if part),
            hint="give the file that was made from these rows; positions are never used",
            where=where,
        )
    collector = VectorCollector(field=field, column=column)
    for row_id, text in texts.items():
        collector.add(row_id, text=text, value=vectors[position[row_id]])
    found = collector.result(row_id for row_id, text in texts.items() if clean_text(text))
    if not found.is_taken:
        raise DataError(
            "The vectors cannot be used.",
            expected="a vector of its own for each text",
            found="; ".join(finding.sentence for finding in found.findings),
            hint="encode the texts again",
            where=where,
        )
    return found


def _count_of(ids: list[str], what: str) -> str:
    return f"{len(ids):,} {what} ({', '.join(map(repr, ids[:SHOWN]))})" if ids else ""
