"""What goes into the library comes out the same, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from rebracket_core.corpus import Library, ReadReport, Skip, frame_digest, slug
from rebracket_core.errors import DataError, InputError, StoreError

FrameOf = Callable[..., pd.DataFrame]

REPORT = ReadReport(3, (Skip("a:row 1", "blank", "fill it"),), ("a note",))


@pytest.fixture()
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture()
def frame(frame_of: FrameOf) -> pd.DataFrame:
    return frame_of(
        {"types": None, "temporal": None, "temporal_stated": None, "album": None},
        {"types": [], "temporal": [0.1, 0.2, 0.7], "temporal_stated": [], "album": "Red", "types_from": "human"},
        {"types": ["memory"], "temporal_stated": ["past"], "album": "Indigo", "weight": 0.25, "lyrics": "é\n\n☃"},
    )


def test_round_trip(library: Library, frame: pd.DataFrame) -> None:
    added = library.add(frame, name="first", source="somewhere", report=REPORT)
    loaded = library.load("first")
    assert loaded.meta == added.meta and loaded.meta.report == REPORT
    assert loaded.frame.to_dict("records") == frame.to_dict("records")
    assert loaded.frame["types"].tolist() == [None, [], ["memory"]]
    assert loaded.frame["temporal_stated"].tolist() == [None, [], ["past"]]
    assert (loaded.meta.n_rows, loaded.meta.n_groups, loaded.meta.n_albums, loaded.meta.origins) == (3, 3, 2, ("table",))
    assert library.names() == ["first"] and library.meta("first").digest == frame_digest(frame)
    assert [p.name for p in library.folder.glob("first/.*")] == []


def test_digest_knows_rows_not_their_order_or_place(frame: pd.DataFrame) -> None:
    assert frame_digest(frame) == frame_digest(frame.iloc[::-1])
    assert frame_digest(frame) == frame_digest(frame.assign(where="elsewhere"))
    assert frame_digest(frame) != frame_digest(frame.assign(weight=0.5))


def test_the_same_rows_twice_and_other_rows_under_the_name(library: Library, frame: pd.DataFrame) -> None:
    first = library.add(frame, name="x", source="s", report=REPORT)
    assert library.add(frame, name="x", source="s", report=REPORT).meta == first.meta
    with pytest.raises(DataError, match="other rows"):
        library.add(frame.head(1), name="x", source="s", report=REPORT)
    with pytest.raises(DataError, match="empty"):
        library.add(frame.head(0), name="y", source="s", report=REPORT)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "A", "a b", ".a", "a..b", "a.", "é", "x" * 64, "a\n", "-a", "\0"])
def test_names_are_checked_everywhere(library: Library, frame: pd.DataFrame, name: str) -> None:
    for act in (library.meta, library.load, library.remove):
        with pytest.raises(InputError, match="no name"):
            act(name)
    with pytest.raises(InputError, match="no name"):
        library.add(frame, name=name, source="s", report=REPORT)


@pytest.mark.parametrize(
    ("text", "name"), [("Training Data.parquet", "training-data-parquet"), ("", "data"), ("Ü!", "data"), ("a" * 99, "a" * 63)]
)
def test_slugs_are_names(library: Library, frame: pd.DataFrame, text: str, name: str) -> None:
    assert slug(text) == name
    library.add(frame, name=slug(text), source="s", report=REPORT)


def test_remove_and_unknown_names(library: Library, frame: pd.DataFrame) -> None:
    library.add(frame, name="x", source="s", report=REPORT)
    library.remove("x")
    assert library.names() == []
    for act in (library.meta, library.load, library.remove):
        with pytest.raises(DataError, match="no such data set"):
            act("x")


def test_changed_and_damaged_data_sets_are_refused(library: Library, frame: pd.DataFrame) -> None:
    library.add(frame, name="x", source="s", report=REPORT)
    (rows,) = (library.folder / "x").glob("rows-*.parquet")
    table = pq.read_table(rows)
    pq.write_table(table.slice(0, 2), rows)
    with pytest.raises(StoreError, match="were changed"):
        library.load("x")
    rows.write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="cannot be read"):
        library.load("x")
    rows.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        library.load("x")
    for words in ("{", "[]", json.dumps({"name": "x"})):
        (library.folder / "x" / "meta.json").write_text(words)
        with pytest.raises(StoreError, match="damaged"):
            library.meta("x")


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path, frame: pd.DataFrame) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        Library(tmp_path / "file").add(frame, name="x", source="s", report=REPORT)
