"""Columns of vectors beside texts are taken whole, under the rows' ids, or named with what stands against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.corpus import FieldVectors, Library, RowsRead, read_rows
from rebracket_core.corpus.audit import audit
from rebracket_core.corpus.readers import Hints
from rebracket_core.corpus.sources import read_rows_apart
from rebracket_core.corpus.vector_checks import MIN_TEXTS, RANDOM_SPREAD, cosine_spread
from rebracket_core.errors import DataError, StoreError

N, DIM = 20, 32
WANTED = Hints(vectors=True)


def rows(n: int = N) -> list[dict[str, Any]]:
    """Rows whose vectors have a few directions in common, as those of texts have."""
    rng = np.random.default_rng(7)
    space = rng.normal(size=(4, DIM))
    return [
        {
            "row_id": f"r{k}",
            "group_id": f"g{k // 2}",
            "concept": f"A text of number {k}",
            "album": "Red",
            "embedding": (rng.normal(size=4) @ space + 0.1 * rng.normal(size=DIM)).astype(np.float32).tolist(),
        }
        for k in range(n)
    ]


def read(path: Path, table: list[dict[str, Any]]) -> RowsRead:
    pq.write_table(pa.Table.from_pylist(table), path / "t.parquet")
    return read_rows(path / "t.parquet", hints=WANTED)


def only(found: RowsRead) -> FieldVectors:
    (column,) = found.vectors
    return column


def test_vectors_are_taken_under_the_ids_each_different_one_once(tmp_path: Path) -> None:
    table = rows()
    table[3] = {**table[2], "row_id": "r3"}  # a stem of the same song: the same text and vector
    column = only(read(tmp_path, table))
    assert column.is_taken and (column.field, column.column, column.matrix.shape) == ("concept", "embedding", (N - 1, DIM))
    by_id = dict(zip(column.ids, column.matrix[column.at], strict=True))
    assert all(np.allclose(by_id[row["row_id"]], row["embedding"]) for row in table)
    assert column.findings == ()


BROKEN: dict[str, Any] = {
    "not_finite": [float("nan"), *[1.0] * (DIM - 1)],
    "zero": [0.0] * DIM,
    "width": [1.0] * (DIM // 2),
    "missing": None,
    "constant": [2.5] * DIM,
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_vector_bars_its_column_and_is_named(code: str, tmp_path: Path) -> None:
    table = rows()
    table[5]["embedding"] = BROKEN[code]
    found = read(tmp_path, table)
    column = only(found)
    assert not column.is_taken and [f.code for f in column.findings] == [code]
    assert column.findings[0].rows == ("r5",)
    assert any("'embedding' were not taken" in note and "r5" in note for note in found.report.notes)
    assert len(found.frame) == N  # the texts are there all the same


def test_one_vector_for_all_texts_bars_the_column(tmp_path: Path) -> None:
    table = [{**row, "embedding": rows()[0]["embedding"]} for row in rows()]
    assert [f.code for f in only(read(tmp_path, table)).findings] == ["identical"]


def test_two_vectors_for_one_text_bar_the_column(tmp_path: Path) -> None:
    """What joining by position makes: stems of one song, and so of one text, have vectors of other songs."""
    table = rows()
    table[3]["concept"] = table[2]["concept"]
    column = only(read(tmp_path, table))
    assert [(f.code, f.rows) for f in column.findings] == [("two_for_a_text", ("r3",))]


def test_random_and_shared_vectors_are_taken_and_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = [{**row, "embedding": rng.random(DIM).tolist()} for row in rows()]
    column = only(read(tmp_path, table))
    assert column.is_taken and [f.code for f in column.findings] == ["random"]
    table = rows()
    table[9]["embedding"] = table[4]["embedding"]
    column = only(read(tmp_path, table))
    assert column.is_taken and [(f.code, f.rows) for f in column.findings] == [("shared", ("r4", "r9"))]


@pytest.mark.parametrize("dim", [64, 768])
def test_random_numbers_spread_as_chance_does_and_vectors_of_texts_further(dim: int) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        for drawn in (rng.normal(size=(MIN_TEXTS, dim)), rng.random((60, dim)), rng.normal(size=(300, dim)) + 4.0):
            spread = cosine_spread(drawn)
            assert spread is not None and 0.7 < spread < RANDOM_SPREAD
        few = rng.normal(size=(60, 8)) @ rng.normal(size=(8, dim)) + 0.3 * rng.normal(size=(60, dim))
        assert (cosine_spread(few) or 0.0) > RANDOM_SPREAD
    assert cosine_spread(np.ones((MIN_TEXTS - 1, dim))) is None


def test_a_data_set_keeps_its_vectors_and_its_audit_names_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    found = read(tmp_path, [{**row, "embedding": rng.random(DIM).tolist()} for row in rows()])
    library = Library(tmp_path / "library")
    kept = library.add(found.frame, name="a", source="t.parquet", report=found.report, vectors=found.vectors)
    (back,) = library.vectors("a")
    assert back.ids == only(found).ids and np.array_equal(back.matrix, only(found).matrix)
    assert library.load("a").meta == kept.meta and library.meta("a").own_vectors[0].dim == DIM
    codes = {finding.code: finding for finding in audit(library.load("a")).findings}
    assert codes["vectors_random"].level == "problem" and "not named at import" in codes["vectors"].detail


def test_rows_that_are_there_without_vectors_get_them_and_others_are_refused(tmp_path: Path) -> None:
    found, library = read(tmp_path, rows()), Library(tmp_path / "library")
    plain = library.add(found.frame, name="a", source="t", report=found.report)
    assert plain.meta.vectors == () and library.vectors("a") == ()
    assert library.add(found.frame, name="a", source="t", report=found.report, vectors=found.vectors).meta.own_vectors
    assert library.add(found.frame, name="a", source="t", report=found.report).meta.own_vectors
    other = read(tmp_path, [{**row, "embedding": [*row["embedding"][1:], 1.0]} for row in rows()])
    with pytest.raises(DataError, match="other vectors"):
        library.add(found.frame, name="a", source="t", report=found.report, vectors=other.vectors)


def test_a_changed_file_of_vectors_is_refused(tmp_path: Path) -> None:
    found, library = read(tmp_path, rows()), Library(tmp_path / "library")
    library.add(found.frame, name="a", source="t", report=found.report, vectors=found.vectors)
    (path,) = (tmp_path / "library" / "a").glob("vectors-*.npz")
    with np.load(path) as arrays:
        changed = {name: arrays[name] for name in arrays.files}
    changed["concept.matrix"] = changed["concept.matrix"] + 1.0
    np.savez(path, **changed)
    with pytest.raises(StoreError, match="vectors of a data set cannot be read"):
        library.vectors("a")


def test_uploads_bring_their_vectors_through_the_reading_child(tmp_path: Path) -> None:
    here = read(tmp_path, rows())
    apart = read_rows_apart("t.parquet", (tmp_path / "t.parquet").read_bytes(), hints=WANTED)
    assert apart.report == here.report and np.array_equal(only(apart).matrix, only(here).matrix)
    assert only(apart).describe() == only(here).describe()


def test_json_and_csv_cells_hold_vectors_too(tmp_path: Path) -> None:
    import json

    table = rows(4)
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table))
    lines = ["row_id,concept,embedding", *(f'{r["row_id"]},{r["concept"]},"{json.dumps(r["embedding"])}"' for r in table)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    for name in ("t.jsonl", "t.csv"):
        column = only(read_rows(tmp_path / name, hints=WANTED))
        assert column.is_taken and np.allclose(column.matrix[column.at][3], table[3]["embedding"])
