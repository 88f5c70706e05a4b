"""Vectors that stand in the users' tables → checked arrays, joined to rows by id and never by position."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rebracket_core.corpus.readers.columns import Hints, plan_columns, row_ids
from rebracket_core.corpus.readers.labels import missing
from rebracket_core.corpus.readers.parquet import MAGIC, iter_records, open_parquet, vector_columns
from rebracket_core.errors import DataError
from rebracket_core.texts import clean_text

_CONCEPT_VECTORS = ("concept_embedding", "embedding")
_TEXT_OF = {"concept_embedding": "concept", "lyric_embedding": "lyric_text"}
_FALLBACK_TEXTS = ("concept", "lyric_text")
SAME_VECTOR_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class PrecomputedVectors:
    """Vectors by id: `ids` (n,) each once, `vectors` (n, d) float32, finite and none all zero.

    `text_column` is the column that the vectors were made from ("" where unknown), `text_digests` (n,) the digest of
    each text in it ("" where it is not in the file), `vector_column` where the vectors stood.
    """

    ids: tuple[str, ...]
    vectors: np.ndarray
    text_column: str
    notes: tuple[str, ...] = ()
    vector_column: str = ""
    text_digests: tuple[str, ...] = ()

    @property
    def dim(self) -> int:
        """The width of the vectors."""
        return int(self.vectors.shape[1])


def read_embeddings(
    source: Path | bytes, *, id_column: str | None = None, vector_column: str | None = None
) -> PrecomputedVectors:
    """The vectors of a Parquet table, by the same ids that `read_source` gives its rows (or by `id_column`).

    Without `vector_column` the column is `concept_embedding`, else `embedding`. A row that repeats an id with the same
    vector is left out with a note. Raises DataError, naming the row, for a missing id, another width, NaN or infinite
    numbers, an all-zero vector, or an id with two different vectors; and where the table holds no text embedding.
    """
    where = source.name if isinstance(source, Path) else "upload"
    _check_magic(source, where=where)
    table = open_parquet(source, where=where)
    names = list(table.schema_arrow.names)
    column = _vector_column(vector_columns(table.schema_arrow), names=names, wanted=vector_column, where=where)
    ids = _id_columns(names, wanted=id_column, where=where)
    text_columns = [n for n in ([_TEXT_OF[column]] if column in _TEXT_OF else _FALLBACK_TEXTS) if n in names]
    read = list(dict.fromkeys([*ids, column, *text_columns]))
    gathered = _Gathered(column=column, ids=ids, text_columns=text_columns, where=where)
    for number, record in enumerate(iter_records(table, columns=read, where=where), start=1):
        gathered.add(record, number=number)
    return gathered.result()


def _check_magic(source: Path | bytes, *, where: str) -> None:
    if isinstance(source, Path):
        if not source.is_file():
            raise DataError("There is no such file.", expected="a Parquet file", found=str(source), hint="check the path")
        with open(source, "rb") as handle:
            head = handle.read(4)
    else:
        head = source[:4]
    if head != MAGIC:
        raise DataError(
            "The file is no Parquet table.",
            expected="Parquet with a column of embeddings",
            found=repr(head),
            hint="give the table that holds the embeddings",
            where=where,
        )


def _vector_column(found: tuple[str, ...], *, names: list[str], wanted: str | None, where: str) -> str:
    if wanted is not None:
        if wanted not in names:
            raise DataError(
                "The vector column is not there.",
                expected=repr(wanted),
                found=", ".join(names[:40]),
                hint="name one of the columns found",
                where=where,
            )
        return wanted
    chosen = next((name for name in _CONCEPT_VECTORS if name in found), None)
    if chosen is None:
        others = f"only {', '.join(found)}" if found else "no column of embeddings"
        raise DataError(
            "The table holds no text embedding.",
            expected=f"a column {' or '.join(_CONCEPT_VECTORS)}",
            found=others,
            hint="encode its texts with an encoder, or name the vector column",
            where=where,
        )
    return chosen


def _id_columns(names: list[str], *, wanted: str | None, where: str) -> tuple[str, ...]:
    if wanted is not None:
        if wanted not in names:
            raise DataError(
                "The id column is not there.",
                expected=repr(wanted),
                found=", ".join(names[:40]),
                hint="name one of the columns found",
                where=where,
            )
        return (wanted,)
    # Any column can stand in as the text here: only the ids of the plan are used.
    ids = plan_columns(names, hints=Hints(text_column=names[0]), where=where).ids
    if not ids:
        raise DataError(
            "No column holds the ids.",
            expected="segment_id, row_id, or id with track_id",
            found=", ".join(names[:40]),
            hint="name the id column; positions are never used",
            where=where,
        )
    return ids


class _Gathered:
    """The vectors seen so far, each checked when it comes."""

    def __init__(self, *, column: str, ids: tuple[str, ...], text_columns: list[str], where: str) -> None:
        self._column, self._ids, self._texts, self._where = column, ids, text_columns, where
        self._seen: dict[str, int] = {}
        self._vectors: list[np.ndarray] = []
        self._rows: list[int] = []
        self._words: list[dict[str, str]] = []
        self._repeats = 0

    def add(self, record: Mapping[str, Any], *, number: int) -> None:
        """Check and keep one row's vector; see `read_embeddings` for what is refused."""
        at = f"{self._where}:row {number}"
        row_id = row_ids(record, self._ids)
        if not row_id:
            raise DataError(
                "A vector has no id.",
                expected=f"a value in {' and '.join(self._ids)}",
                found="nothing",
                hint="give each row an id",
                where=at,
            )
        vector = self._checked(record.get(self._column), row_id=row_id, at=at)
        if row_id in self._seen:
            self._check_repeat(row_id, vector, at=at)
            return
        self._seen[row_id] = len(self._vectors)
        self._vectors.append(vector)
        self._rows.append(number)
        self._words.append({name: clean_text(v) for name in self._texts if isinstance(v := record.get(name), str)})

    def _check_repeat(self, row_id: str, vector: np.ndarray, *, at: str) -> None:
        first = self._seen[row_id]
        if not np.allclose(vector, self._vectors[first], rtol=0, atol=SAME_VECTOR_TOLERANCE):
            raise DataError(
                "One id has two different vectors.",
                expected="one vector for one id",
                where=at,
                found=f"{row_id!r}, first at row {self._rows[first]}",
                hint="drop one of the rows, or name the id column",
            )
        self._repeats += 1

    def _checked(self, value: object, *, row_id: str, at: str) -> np.ndarray:
        if missing(value):
            raise DataError(
                "A row has no vector.",
                expected=f"numbers in '{self._column}'",
                found=f"nothing for {row_id!r}",
                hint="encode the text, or drop the row",
                where=at,
            )
        try:
            vector = np.asarray(value, dtype=np.float32)
        except (TypeError, ValueError):
            vector = np.empty(0, dtype=np.float32)
        width = self._vectors[0].shape[0] if self._vectors else len(vector) if vector.ndim == 1 else 0
        if vector.ndim != 1 or not width or vector.shape[0] != width:
            raise DataError(
                "A vector has another width.",
                expected=f"{width or 'some'} numbers",
                where=at,
                found=f"shape {vector.shape} for {row_id!r}",
                hint="make all vectors with one encoder",
            )
        if not np.isfinite(vector).all():
            raise DataError(
                "A vector holds NaN or infinite numbers.",
                expected="finite numbers",
                found=repr(row_id),
                hint="encode this text again",
                where=at,
            )
        if not vector.any():
            raise DataError(
                "A vector is all zero.",
                expected="the vector of a text",
                found=f"{row_id!r} in '{self._column}'",
                hint="its text was empty: drop the row or use the concept's vectors",
                where=at,
            )
        return vector

    def result(self) -> PrecomputedVectors:
        """All vectors with their notes. Raises DataError where there are none."""
        if not self._vectors:
            raise DataError(
                "The table has no rows.",
                expected="at least one vector",
                found="none",
                hint="check the export",
                where=self._where,
            )
        text = next((name for name in self._texts if any(words.get(name) for words in self._words)), "")
        notes = [f"'{self._column}' was taken as the vectors, {' + '.join(self._ids)} as the id."]
        notes.append(f"The vectors are taken to be of the column '{text}'." if text else "Their text is not in the file.")
        if self._repeats:
            notes.append(f"{self._repeats} rows repeat an id with the same vector.")
        digests = tuple(text_digest(words.get(text, "")) if text else "" for words in self._words)
        return PrecomputedVectors(tuple(self._seen), np.stack(self._vectors), text, tuple(notes), self._column, digests)


def text_digest(text: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of a clean text; "" for an empty one."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16] if text else ""


def join_embeddings(
    frame: pd.DataFrame, vectors: PrecomputedVectors, *, by: str = "row_id", dim: int | None = None
) -> np.ndarray:
    """The vectors of a frame's rows in its order, (n, d) float32, found by id (`by` "row_id" or "group_id").

    Vectors of rows that are not in the frame are left out. Raises DataError for a row without a vector, for another
    width than `dim`, and for a row whose text is not the one that its vector was made from.
    """
    if by not in ("row_id", "group_id"):
        raise DataError("Vectors cannot be joined by this.", expected="row_id or group_id", found=repr(by), hint="correct it")
    if dim is not None and vectors.dim != dim:
        raise DataError(
            "The vectors have another width.",
            expected=str(dim),
            found=str(vectors.dim),
            hint="use vectors of the run's encoder",
        )
    position = {row_id: at for at, row_id in enumerate(vectors.ids)}
    wanted = frame[by].tolist()
    lost = [row_id for row_id in wanted if row_id not in position]
    if lost:
        raise DataError(
            "Some rows have no vector.",
            expected=f"one vector for each {by}",
            found=f"{len(lost)} of {len(wanted)} without, such as {', '.join(map(repr, lost[:3]))}",
            hint="join by the other id, or encode the texts",
        )
    places = np.array([position[row_id] for row_id in wanted], dtype=np.int64)
    _check_texts(frame, vectors, places=places)
    joined: np.ndarray = vectors.vectors[places]
    return joined


def _check_texts(frame: pd.DataFrame, vectors: PrecomputedVectors, *, places: np.ndarray) -> None:
    if not any(vectors.text_digests):
        return
    # A text may stand in the frame as the concept or, for tables without one, as the lyrics taken for it.
    candidates = [frame[name].tolist() for name in ("concept", "lyrics")]
    for row, place in enumerate(places.tolist()):
        made_of = vectors.text_digests[place]
        if made_of and made_of not in {text_digest(clean_text(texts[row])) for texts in candidates}:
            raise DataError(
                "A vector was made from another text.",
                expected=f"the text of {vectors.ids[place]!r}",
                found=f"another text in '{vectors.text_column}'",
                hint="encode the texts again",
                where=str(frame["where"].iloc[row]),
            )
