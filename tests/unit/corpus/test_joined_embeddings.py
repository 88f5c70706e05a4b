"""Vectors are joined by id, one to one, and refused where they are not what they seem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.corpus import join_embeddings, read_embeddings, read_source
from rebracket_core.errors import DataError


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def rows(n: int = 4, **changes: Any) -> list[dict[str, Any]]:
    return [
        {
            "segment_id": f"s{k}",
            "song_id": "a",
            "concept": f"text {'abcdef'[k]}",
            "embedding": [float(k + 1), 1.0, 0.5],
            **changes,
        }
        for k in range(n)
    ]


def test_vectors_follow_the_ids_not_the_positions(tmp_path: Path) -> None:
    frame, _ = read_source(write(tmp_path / "a.parquet", rows()))
    vectors = read_embeddings(write(tmp_path / "b.parquet", rows()[::-1]))
    assert (vectors.ids[0], vectors.dim, vectors.text_column) == ("s3", 3, "concept")
    assert vectors.vectors.dtype == np.float32
    joined = join_embeddings(frame, vectors, dim=3)
    assert joined[:, 0].tolist() == [1, 2, 3, 4]
    assert any("'embedding' was taken" in note for note in vectors.notes)


def test_the_later_form_has_vectors_of_concepts_and_of_lyrics(tmp_path: Path) -> None:
    both = [
        {**row, "concept_embedding": row["embedding"], "lyric_embedding": [0.0, 0.0, 0.0], "lyric_text": ""} for row in rows()
    ]
    for row in both:
        del row["embedding"]
    path = write(tmp_path / "a.parquet", both)
    assert read_embeddings(path).vector_column == "concept_embedding"
    with pytest.raises(DataError, match=r"all zero.*'s0'"):
        read_embeddings(path, vector_column="lyric_embedding")


def test_vectors_of_lyrics_where_there_is_no_concept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [{**row, "concept": None, "lyric_text": "sung"} for row in rows()])
    assert read_embeddings(path).text_column == "lyric_text"


def test_a_table_without_text_embeddings_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "training_data_embedded.parquet", [{"segment_id": "a", "concept": "x", "audio_waveform": b"0"}])
    with pytest.raises(DataError, match="holds no text embedding"):
        read_embeddings(path)
    audio = write(tmp_path / "clap.parquet", [{"segment_id": "a", "audio_embedding": [1.0, 2.0]}])
    with pytest.raises(DataError, match="only audio_embedding"):
        read_embeddings(audio)


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        ([1.0, 2.0], "another width"),
        ([1.0, float("nan"), 1.0], "NaN"),
        ([1.0, float("inf"), 1.0], "NaN or infinite"),
        ([0.0, 0.0, 0.0], "all zero"),
        (None, "no vector"),
    ],
)
def test_bad_vectors_are_errors_that_name_the_row(tmp_path: Path, vector: Any, message: str) -> None:
    data = rows()
    data[2]["embedding"] = vector
    with pytest.raises(DataError, match=message) as caught:
        read_embeddings(write(tmp_path / "a.parquet", data))
    assert caught.value.where == "a.parquet:row 3" and "'s2'" in caught.value.found


def test_repeats_must_agree(tmp_path: Path) -> None:
    same = [*rows(), rows()[0]]
    vectors = read_embeddings(write(tmp_path / "a.parquet", same))
    assert len(vectors.ids) == 4 and any("repeat" in note for note in vectors.notes)
    with pytest.raises(DataError, match="two different vectors") as caught:
        read_embeddings(write(tmp_path / "a.parquet", [*rows(), {**rows()[0], "embedding": [9.0, 9.0, 9.0]}]))
    assert caught.value.where == "a.parquet:row 5" and "first at row 1" in caught.value.found


def test_stem_tables_are_joined_by_song_and_stem_or_by_song(tmp_path: Path) -> None:
    data = [{"id": "02_01", "track_id": k, "player": "x", "concept": "text a", "embedding": [1.0, 2.0]} for k in (1, 2)]
    path = write(tmp_path / "a.parquet", data)
    frame, _ = read_source(path)
    assert join_embeddings(frame, read_embeddings(path)).shape == (2, 2)
    by_song = read_embeddings(path, id_column="id")
    assert by_song.ids == ("02_01",)
    assert join_embeddings(frame, by_song, by="group_id").shape == (2, 2)
    with pytest.raises(DataError, match="no vector"):
        join_embeddings(frame, by_song)


def test_vectors_of_another_text_or_width_are_refused(tmp_path: Path) -> None:
    frame, _ = read_source(write(tmp_path / "a.parquet", rows()))
    shifted = [{**row, "concept": rows()[(k + 1) % 4]["concept"]} for k, row in enumerate(rows())]
    with pytest.raises(DataError, match="made from another text"):
        join_embeddings(frame, read_embeddings(write(tmp_path / "b.parquet", shifted)))
    vectors = read_embeddings(write(tmp_path / "c.parquet", rows()))
    with pytest.raises(DataError, match="another width"):
        join_embeddings(frame, vectors, dim=384)
    with pytest.raises(DataError, match="cannot be joined"):
        join_embeddings(frame, vectors, by="position")


def test_ids_and_files_that_are_not_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [{"embedding": [1.0], "concept": "x"}])
    with pytest.raises(DataError, match="No column holds the ids"):
        read_embeddings(path)
    with pytest.raises(DataError, match="id column is not there"):
        read_embeddings(path, id_column="key")
    with pytest.raises(DataError, match="vector column is not there"):
        read_embeddings(path, vector_column="v")
    with pytest.raises(DataError, match="no such file"):
        read_embeddings(tmp_path / "b.parquet")
    with pytest.raises(DataError, match="no Parquet"):
        read_embeddings(b"concept\nx")
    with pytest.raises(DataError, match="no id"):
        read_embeddings(write(tmp_path / "c.parquet", rows(segment_id=None)))
