"""Parquet tables with the users' column names, and what the report says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.corpus import collapse_repeats, read_source, read_upload, targets
from rebracket_core.corpus.schema import frame_digest, make_frame, rows_of
from rebracket_core.errors import DataError

CONCEPT = "A ledger that was kept for forty years and then counted"
OTHER = "A hotel that will stand where the station is drawn"


def write(path: Path, rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def stems(**changes: Any) -> list[dict[str, Any]]:
    common = {
        "id": "02_01", "rainbow_color": "Red", "rainbow_color_temporal_mode": "Past",
        "rainbow_color_objectional_mode": "Thing", "rainbow_color_ontological_mode": "Known", "title": "Ledger",
        "lyrics": True, "lrc_lyrics": "one two", "concept": CONCEPT, "player": "GABE",
        "training_data": {"rebracketing_type": "spatial", "temporal_complexity_score": 0.4, "track_id": "02_01"},
    }  # fmt: skip
    return [{**common, "track_id": k, "description": f"stem {k}", **changes} for k in (1, 2, 3)]


def test_the_stem_table_is_grouped_by_song_and_its_types_are_keyword_counts(tmp_path: Path) -> None:
    frame, report = read_source(write(tmp_path / "base_manifest_db.parquet", stems()))
    assert frame["row_id"].tolist() == ["02_01/1", "02_01/2", "02_01/3"]
    assert set(frame["group_id"]) == {"02_01"}
    assert frame["types"].tolist() == [["spatial"]] * 3
    assert set(frame["types_from"]) == {"keyword"}
    assert set(frame["lyrics"]) == {"one two"}
    assert set(frame["descriptions"]) == {""}
    assert frame["temporal_stated"].tolist() == [["past"]] * 3
    assert any("'id' is the song" in note for note in report.notes)
    assert any("'concept' as the text" in note and "rainbow_color_objectional_mode" in note for note in report.notes)
    assert len(collapse_repeats(frame)) == 1


def test_indigo_has_two_modes_and_an_empty_mode_beside_an_album_means_none(tmp_path: Path) -> None:
    rows = stems(rainbow_color="Indigo", rainbow_color_temporal_mode=None, rainbow_color_ontological_mode="Known, Forgotten")
    frame, _ = read_source(write(tmp_path / "t.parquet", rows))
    assert frame["ontological_stated"][0] == ["forgotten", "known"]
    assert frame["temporal_stated"][0] == []


def test_a_type_that_is_not_of_the_eight_leaves_the_row_unlabelled_with_a_note(tmp_path: Path) -> None:
    rows = stems(training_data={"rebracketing_type": "experiential"})
    frame, report = read_source(write(tmp_path / "t.parquet", rows))
    assert frame["types"].tolist() == [None] * 3
    assert any("experiential" in note for note in report.notes)


def test_the_song_of_a_segment_is_song_id_or_else_track_id(tmp_path: Path) -> None:
    joined = [{"segment_id": "02_01_seg_0001_track_01", "song_id": "02_01", "concept": CONCEPT, "lyric_text": "la"}]
    frame, _ = read_source(write(tmp_path / "training_segments_metadata.parquet", joined))
    assert (frame["group_id"][0], frame["row_id"][0], frame["lyrics"][0]) == ("02_01", "02_01_seg_0001_track_01", "la")
    raw = [{"segment_id": f"02_01_seg_000{k}_track_01", "track_id": "02_01", "lyric_text": f"line {k}"} for k in (1, 2)]
    frame, report = read_source(write(tmp_path / "training_segments.parquet", raw))
    assert set(frame["group_id"]) == {"02_01"}
    assert frame["concept"].tolist() == ["line 1", "line 2"]
    assert any("no concept column" in note for note in report.notes)


def test_segments_without_a_concept_are_left_out_and_counted(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"segment_id": "a", "song_id": "s", "concept": CONCEPT, "rainbow_color": "Red"},
        {"segment_id": "b", "song_id": "s", "concept": None, "rainbow_color": None},
    ]
    frame, report = read_source(write(tmp_path / "t.parquet", rows))
    assert frame["row_id"].tolist() == ["a"]
    assert report.skipped[0].where == "t.parquet:row 2"


def test_embeddings_stand_beside_and_audio_is_not_read(tmp_path: Path) -> None:
    rows = [{"segment_id": "a", "song_id": "s", "concept": CONCEPT, "embedding": [0.5, 0.5], "audio_waveform": b"\0" * 64}]
    _, report = read_source(write(tmp_path / "training_data_with_embeddings.parquet", rows))
    assert any("Embeddings (embedding)" in note for note in report.notes)


def test_columns_are_never_taken_by_a_part_of_their_name(tmp_path: Path) -> None:
    rows = [{"concept": CONCEPT, "temporal_complexity_score": 0.2, "ontological_uncertainty": 0.1, "spatially": "x"}]
    frame, report = read_source(write(tmp_path / "t.parquet", rows))
    assert frame["temporal_stated"][0] is None and frame["ontological_stated"][0] is None
    taken = " ".join(note for note in report.notes if note.startswith("Columns taken"))
    assert taken and "complexity" not in taken
    assert any("Columns not taken" in note and "temporal_complexity_score" in note for note in report.notes)


def test_proposals_with_one_id_and_two_texts_are_all_taken(tmp_path: Path) -> None:
    rows = [{"proposal_id": "t/a", "thread": "t", "concept": text, "rainbow_color": "Blue"} for text in (CONCEPT, OTHER)]
    frame, report = read_source(write(tmp_path / "proposals.parquet", rows))
    assert frame["row_id"].tolist() == ["t/a", "t/a#2"]
    assert set(frame["group_id"]) == {"t"} and set(frame["origin"]) == {"proposals"}
    assert any("numbered" in note for note in report.notes)


def test_a_missing_text_column_is_an_error_that_lists_the_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="colour, note"):
        read_source(write(tmp_path / "t.parquet", [{"colour": "red", "note": "x"}]))


def test_named_columns_come_first_and_must_be_there(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", [{"concept": OTHER, "note": CONCEPT, "who": "a"}])
    frame, _ = read_source(path, text_column="note", group_column="who")
    assert (frame["concept"][0], frame["group_id"][0]) == (CONCEPT, "a")
    with pytest.raises(DataError, match="nowhere"):
        read_source(path, text_column="nowhere")


def test_wrong_types_are_skips(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", [{"concept": 1.5, "id": "a"}, {"concept": float("nan"), "id": "b"}])
    with pytest.raises(DataError, match="not text but float"):
        read_source(path)


def test_a_damaged_table_is_an_error(tmp_path: Path) -> None:
    whole = write(tmp_path / "t.parquet", stems()).read_bytes()
    for data in (b"PAR1", whole[: len(whole) // 2], b"PAR1" + b"x" * 100 + b"PAR1"):
        with pytest.raises(DataError, match="Parquet"):
            read_upload("t.parquet", data)


def test_verdicts_of_a_model_are_not_labels() -> None:
    line = {"text": CONCEPT, "verdict": "ACCEPT", "run_id": "r", "album": "Red", "temporal": {"past": 1.0}}
    frame, report = read_upload("verdicts.jsonl", json.dumps(line).encode())
    assert frame["album"][0] is None and frame["temporal"][0] is None
    assert any("verdicts of a model" in note for note in report.notes)


def test_whether_there_is_any_marker_is_read_beside_the_types_and_on_its_own(tmp_path: Path) -> None:
    (tmp_path / "marked.csv").write_text(
        "concept,rebracketing_type,has_rebracketing_markers\n"
        "The door remembers,,0\nThe wall is thin,,yes\nThe bell is late,temporal,True\nThe map is wet,,\n"
        "The clock is lost,spatial,no\nThe sea is near,,perhaps\n"
    )
    frame, report = read_source(tmp_path / "marked.csv")
    assert frame["types"].tolist() == [[], None, ["temporal"], None, None]
    assert frame["has_any_type"].tolist() == [None, True, None, None, None]
    assert frame["types_from"].tolist() == ["keyword", "", "keyword", "", ""]
    assert any("'has_rebracketing_markers' as whether there is any type" in note for note in report.notes)
    assert any("name a type and say that they have none" in note for note in report.notes)
    assert any("perhaps" in skip.reason for skip in report.skipped)
    of = targets(frame)
    assert of.any_labelled.tolist() == [True, True, True, False, False]
    assert of.any_type[:3].tolist() == [0.0, 1.0, 1.0] and of.types_labelled.tolist() == [True, False, True, False, False]


def test_data_sets_of_earlier_versions_keep_their_digest(tmp_path: Path) -> None:
    frame, _ = read_source(write(tmp_path / "t.parquet", stems()))
    assert frame_digest(frame) == frame_digest(make_frame(rows_of(frame.drop(columns="has_any_type"))))
    assert frame_digest(frame) != frame_digest(frame.assign(has_any_type=[True, None, None]))
