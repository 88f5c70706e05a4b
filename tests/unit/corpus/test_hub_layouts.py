"""Hugging Face layouts: saved folders and Parquet by config and split; the part is chosen, hostile streams are refused."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.corpus import RowsRead, read_rows
from rebracket_core.corpus.readers import Hints
from rebracket_core.corpus.sources import fetch_dataset, read_concepts, read_rows_apart
from rebracket_core.errors import DataError
from rebracket_core.parquet import ArrowTable


def rows(split: str, n: int = 4) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "row_id": f"{split}-{k}",
                "concept": f"A text of number {k} in {split}",
                "album": "Red",
                "embedding": np.arange(k + 1, k + 9, dtype=np.float32).tolist(),
                "audio": {"bytes": b"\0" * 64, "path": None},
            }
            for k in range(n)
        ]
    )


def save_split(folder: Path, table: pa.Table, *, shards: int = 2, **state: Any) -> None:
    """Write a folder as `Dataset.save_to_disk` does: Arrow streams, state.json, dataset_info.json."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"data-{k:05d}-of-{shards:05d}.arrow" for k in range(shards)]
    step = -(-len(table) // shards)
    for k, name in enumerate(names):
        with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table.slice(k * step, step))
    described = {"_data_files": [{"filename": name} for name in names], "_split": folder.name, "_fingerprint": "x", **state}
    (folder / "state.json").write_text(json.dumps(described))
    (folder / "dataset_info.json").write_text(json.dumps({"features": {"concept": {"dtype": "string"}}, "description": ""}))


def save_dict(folder: Path) -> Path:
    for split in ("train", "test"):
        save_split(folder / split, rows(split))
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return folder


def read(path: Path, **hints: Any) -> RowsRead:
    return read_rows(path, hints=Hints(**hints))


def test_a_saved_split_is_read_with_all_its_shards_and_vectors(tmp_path: Path) -> None:
    save_split(tmp_path / "train", rows("train", 5))
    found = read(tmp_path / "train", vectors=True)
    assert found.frame["row_id"].tolist() == [f"train-{k}" for k in range(5)] and not found.report.skipped
    (column,) = found.vectors
    assert column.is_taken and column.matrix.shape == (5, 8)
    assert any(note == "Read: config default, split train." for note in found.report.notes)
    assert any("'audio'" in note for note in found.report.notes if note.startswith("Columns not taken"))


def test_splits_are_chosen_and_never_put_together_by_themselves(tmp_path: Path) -> None:
    folder = save_dict(tmp_path / "saved")
    with pytest.raises(DataError, match="several splits") as caught:
        read(folder)
    assert caught.value.expected.startswith("one of test, train") and "--split" in caught.value.hint
    found = read(folder, split="test")
    assert found.frame["row_id"].tolist() == [f"test-{k}" for k in range(4)]
    assert any("left out: config default, split train" in note for note in found.report.notes)
    assert len(read(folder, split="train+test").frame) == 8
    with pytest.raises(DataError, match="no split of this name"):
        read(folder, split="dev")


@pytest.mark.slow
def test_a_saved_folder_in_a_zip_and_for_validation(tmp_path: Path) -> None:
    folder = save_dict(tmp_path / "saved")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(tmp_path))
    found = read_rows_apart("saved.zip", data.getvalue(), hints=Hints(split="train"))
    assert found.frame["concept"].tolist() == read(folder, split="train").frame["concept"].tolist()
    concepts = read_concepts([folder]).concepts
    assert len(concepts) == 8 and all(concept.error is None for concept in concepts)  # each says where it stands


def test_parquet_by_config_and_split_asks_for_both(tmp_path: Path) -> None:
    layout = {
        "base/train-00000-of-00001.parquet": "base",
        "full/train-00000-of-00002.parquet": "full-a",
        "full/train-00001-of-00002.parquet": "full-b",
        "full/test/0000.parquet": "full-test",
    }
    for name, split in layout.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows(split), tmp_path / name)
    with pytest.raises(DataError, match="several configs") as caught:
        read(tmp_path)
    assert "one of base, full" in caught.value.expected
    with pytest.raises(DataError, match="several splits"):
        read(tmp_path, config="full")
    assert len(read(tmp_path, config="base").frame) == 4
    found = read(tmp_path, config="full", split="train")
    assert {row.split("-")[1] for row in found.frame["row_id"]} == {"a", "b"} and len(found.frame) == 8


def test_other_folders_are_read_as_before_and_take_no_split(tmp_path: Path) -> None:
    for name in ("songs.parquet", "train.parquet"):
        pq.write_table(rows(name), tmp_path / name)
    assert len(read(tmp_path).frame) == 8
    with pytest.raises(DataError, match="no configs and splits"):
        read(tmp_path, split="train")


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"_indices_data_files": [{"filename": "i.arrow"}]}, "flatten_indices"),
        ({"_data_files": [{"filename": "../../etc/passwd"}]}, "not there"),
        ({"_data_files": []}, "names no files"),
        ({"_data_files": [{"filename": "gone.arrow"}]}, "gone.arrow"),
    ],
)
def test_a_state_that_is_wrong_is_refused(tmp_path: Path, state: dict[str, Any], why: str) -> None:
    save_split(tmp_path / "train", rows("train"), **state)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "train")
    assert why in str(caught.value)


# ---- hostile streams -------------------------------------------------------------------------------------------------


def stream(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_packed_bytes_cut_streams_and_false_claims_are_refused() -> None:
    whole = stream(rows("a", 50))
    assert ArrowTable(whole, where="a.arrow").n_rows == 50
    with pytest.raises(DataError, match="packed"):
        ArrowTable(stream(rows("a", 50), compression="zstd"), where="a.arrow")
    for cut in (6, 40, 300, len(whole) // 2):
        with pytest.raises(DataError):
            list(ArrowTable(whole[:cut], where="a.arrow").batches())
    claimed = bytearray(whole)
    struct.pack_into("<i", claimed, 4, 0x7FFFFFF0)
    with pytest.raises(DataError, match="describes itself"):
        ArrowTable(bytes(claimed), where="a.arrow")


def test_every_changed_byte_of_a_stream_is_read_or_refused() -> None:
    whole = stream(rows("a", 3).select(["row_id", "concept", "embedding"]))
    rng = np.random.default_rng(0)
    for at in rng.choice(len(whole), size=400, replace=False).tolist():
        changed = bytearray(whole)
        changed[at] ^= 1 << int(rng.integers(8))
        try:
            for batch in ArrowTable(bytes(changed), where="a.arrow").batches():
                batch.to_pylist()
        except (DataError, UnicodeDecodeError):
            continue


def test_rows_without_bytes_and_values_that_are_shared_are_bounded() -> None:
    nothing = pa.table({"concept": pa.nulls(3_000_000)})
    with pytest.raises(DataError, match="rows"):
        ArrowTable(stream(nothing), where="a.arrow")
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(90_000, dtype=np.int32)), pa.array(["x" * 1_000_000]))
    with pytest.raises(DataError, match="come to at most"):
        list(ArrowTable(stream(pa.table({"concept": words})), where="a.arrow").batches())
    wide = pa.FixedSizeListArray.from_arrays(pa.nulls(90_000 * 10_000), 10_000)
    with pytest.raises(DataError):
        list(ArrowTable(stream(pa.table({"embedding": wide})), where="a.arrow").batches())
    views = pa.table({"concept": pa.array(["a text"] * 4, type=pa.string_view())})
    with pytest.raises(DataError, match="plain values"):
        list(ArrowTable(stream(views), where="a.arrow").batches())


# ---- the hub -----------------------------------------------------------------------------------------------------------


class FakeHub:
    """A hub with one data set of two configs."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    def files(self, name: str, revision: str) -> tuple[str, Mapping[str, int]]:
        assert (name, revision) == ("us/songs", "v0.3.0")
        return "c0ffee", {"README.md": 9, "base/train-00000-of-00001.parquet": 99, "full/train-00000-of-00001.parquet": 5 << 30}

    def fetch(self, name: str, path: str, *, commit: str, to: Path) -> None:
        assert commit == "c0ffee"
        self.fetched.append(path)
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows("hub"), to / path)


def test_one_part_of_a_data_set_is_fetched_at_the_commit_of_its_revision(tmp_path: Path) -> None:
    hub = FakeHub()
    with pytest.raises(DataError, match="several configs"):
        fetch_dataset("us/songs", revision="v0.3.0", config=None, split=None, to=tmp_path, hub=hub)
    with pytest.raises(DataError, match="too large"):
        fetch_dataset("us/songs", revision="v0.3.0", config="full", split=None, to=tmp_path, hub=hub)
    assert hub.fetched == []
    found = fetch_dataset("us/songs", revision="v0.3.0", config="base", split="train", to=tmp_path, hub=hub)
    assert (found.commit, hub.fetched) == ("c0ffee", ["base/train-00000-of-00001.parquet"])
    assert len(read(tmp_path, config="base").frame) == 4


def test_without_a_network_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="cannot be fetched from the hub") as caught:
        fetch_dataset("us/songs", revision="main", config=None, split=None, to=tmp_path)
    assert "cannot be reached" in caught.value.found and "import the folder" in caught.value.hint
    with pytest.raises(DataError, match="no name of a data set"):
        fetch_dataset("../etc", revision="main", config=None, split=None, to=tmp_path)
