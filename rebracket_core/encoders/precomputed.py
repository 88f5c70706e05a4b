"""Vectors that were made elsewhere, looked up by id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from rebracket_core.encoders.base import Progress, Vectors, checked_texts
from rebracket_core.encoders.text.windows import unit
from rebracket_core.errors import EncoderError

SHOWN = 3


class Precomputed:
    """An encoder whose "texts" are ids and whose vectors come from a column, scaled to length 1.

    `name` tells people which vectors these are; the encoder id also carries a digest of ids and vectors.
    """

    window = 0

    def __init__(self, vectors: Mapping[str, ArrayLike], *, name: str) -> None:
        if not vectors:
            raise EncoderError(
                f"The precomputed vectors '{name}' are empty.",
                expected="at least one id with its vector",
                found="none",
                hint="check the column of vectors",
            )
        ids = sorted(vectors)
        self._matrix = unit(np.stack(_rows(vectors, ids=ids, name=name)))
        self._matrix.setflags(write=False)
        self._position = {id_: at for at, id_ in enumerate(ids)}
        self._name = name
        digest = hashlib.sha256("\0".join(ids).encode("utf-8", "surrogatepass"))
        digest.update(self._matrix.astype("<f4").tobytes())
        self.encoder_id = f"precomputed {name}|float32|vectors {digest.hexdigest()[:16]}"
        self.dim = int(self._matrix.shape[1])

    @classmethod
    def from_columns(cls, ids: Iterable[str], vectors: Iterable[ArrayLike], *, name: str) -> Precomputed:
        """Precomputed vectors from two columns of one length; an id that comes twice must have one vector."""
        found: dict[str, ArrayLike] = {}
        for id_, vector in zip(ids, vectors, strict=True):
            if id_ in found and not np.array_equal(np.asarray(found[id_]), np.asarray(vector)):
                raise EncoderError(
                    f"The id '{id_}' has two different vectors.",
                    expected="one vector for one id",
                    found="two",
                    where=name,
                    hint="drop one of the rows",
                )
            found[id_] = vector
        return cls(found, name=name)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Vectors (n, dim) float32 of the ids, in their order. Raises: EncoderError for an id that has none."""
        ids = checked_texts(texts)
        unknown = [id_ for id_ in ids if id_ not in self._position]
        if unknown:
            shown = ", ".join(repr(id_) for id_ in unknown[:SHOWN])
            raise EncoderError(
                f"{len(unknown)} of {len(ids)} ids have no precomputed vector.",
                expected=f"ids of '{self._name}', such as {next(iter(self._position))!r}",
                found=shown,
                hint="give their vectors too, or use a text encoder such as 'minilm'",
            )
        if progress is not None and ids:
            progress(len(ids), len(ids))
        return self._matrix[[self._position[id_] for id_ in ids]].reshape(len(ids), self.dim)


def _rows(vectors: Mapping[str, ArrayLike], *, ids: Sequence[str], name: str) -> list[Vectors]:
    rows: list[Vectors] = []
    for id_ in ids:
        try:
            row = np.asarray(vectors[id_], dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise _refused(id_, f"no list of numbers ({error})", name=name) from error
        if row.ndim != 1 or row.size == 0:
            raise _refused(id_, f"shape {row.shape}", name=name)
        if rows and row.shape != rows[0].shape:
            raise _refused(id_, f"{row.size} numbers, where the others have {rows[0].size}", name=name)
        if not np.isfinite(row).all() or not row.any():
            raise _refused(id_, "zeros only, or numbers that are not finite", name=name)
        rows.append(row)
    return rows


def _refused(id_: str, found: str, *, name: str) -> EncoderError:
    return EncoderError(
        f"The precomputed vector of '{id_}' cannot be used.",
        found=found,
        where=name,
        expected="a list of finite numbers, as long as the others",
        hint="correct or drop this row",
    )
