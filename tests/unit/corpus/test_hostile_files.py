"""Files made to fill memory or time: refused by name at every door that takes them, within 5 s and 500 MB."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bombs
from rebracket_core.corpus import read_source, read_upload
from rebracket_core.corpus.sources import reading_child
from rebracket_core.corpus.sources.reading import read_concepts_upload
from rebracket_core.corpus.sources.reading_child import ReadingBounds, read_concepts_apart, read_rows_apart
from rebracket_core.errors import ConfigError, DataError, RebracketError
from rebracket_core.training import TrainingConfig
from rebracket_core.training.hpo.space import SearchSpace

MIB = 1 << 20
LONG = frozenset(
    {
        "lines.txt",
        "rows.csv",
        "empty.json",
        "numbers.json",
        "among.parquet",
        "texts.parquet",
        "columns.parquet",
        "groups.parquet",
    }
)
EACH = [pytest.param(bomb, marks=[pytest.mark.slow] * (bomb.name in LONG), id=bomb.name) for bomb in bombs.BOMBS]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each hostile file, made once."""
    room = tmp_path_factory.mktemp("hostile")
    return {bomb.name: bombs.write(bomb, room) for bomb in bombs.BOMBS}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="limits and peaks are asked of Linux")
@pytest.mark.parametrize("bomb", EACH)
def test_each_is_refused_by_name_at_every_door(bomb: bombs.Bomb, made: dict[str, Path]) -> None:
    path = made[bomb.name]
    verdicts = path.with_name(path.name + ".verdict.json")
    for door, passed in zip(bomb.doors, bombs.measure(path, bomb.doors), strict=True):
        assert not passed.end and passed.seconds < 5.0 and passed.peak_mb < 500.0, (door, passed)
        if door not in bomb.harmless:
            assert path.name.rsplit(".", 1)[0] in passed.message or "song.lrc" in passed.message, (door, passed)
            assert any(word in passed.message for word in ("too ", "the same bytes", "repeats itself")), (door, passed)
    told = json.loads(verdicts.read_text("utf-8"))  # the matter is settled: the next start of `watch` finds the file judged
    assert told["digest"] and (told["error"] or "watch" in bomb.harmless)


@pytest.mark.parametrize("text", [bombs.merge_keys(), bombs.alias_label(), bombs.deep_yaml(), b"a: 0x" + b"f" * 9000], ids=str)
def test_a_config_and_a_space_are_bounded(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_bytes(text)
    for read in (TrainingConfig.from_file, lambda path: SearchSpace.from_file(path, base=TrainingConfig())):
        with pytest.raises(ConfigError, match=r"config\.yml"):
            read(file)


def test_a_number_that_no_float_holds_is_one_bad_row() -> None:
    lines = [f'{{"concept": "One", "weight": {"9" * 400}}}', '{"concept": "Two", "weight": 1e999}', '{"concept": "Three"}']
    data = "\n".join(lines)
    frame, report = read_upload("a.jsonl", data.encode())
    assert frame["concept"].tolist() == ["Three"] and "weight" in report.skipped[0].reason
    with pytest.raises(ConfigError):
        TrainingConfig.from_dict({"folds": float("inf")})


def test_ids_that_all_repeat_are_numbered_in_time() -> None:
    rows = "".join(f"one,Text number {k}\n" for k in range(20_000))
    start = time.process_time()
    frame, _ = read_upload("a.csv", f"proposal_id,concept\n{rows}".encode())
    assert frame["row_id"].iloc[-1] == "one#20000" and time.process_time() - start < 5.0


def test_ordinary_parquet_reads_as_it_stands(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    long = [f"Text {k}: " + "a key " * (3000 if k % 50 == 0 else 3) for k in range(5000)]
    told = pa.table(
        {
            "concept": long,
            "temporal": [[0.2, 0.3, 0.5]] * 5000,
            "types": [["spatial"], []] * 2500,
            "training_data": [{"rebracketing_type": "spatial", "n": k} for k in range(5000)],
        }
    )
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"use_dictionary": False},
        {"data_page_version": "2.0", "row_group_size": 700},
        {"use_dictionary": ["types.list.element"], "column_encoding": {"concept": "DELTA_BYTE_ARRAY"}},
        {"use_dictionary": False, "column_encoding": {"concept": "DELTA_LENGTH_BYTE_ARRAY"}},
    )
    for number, how in enumerate(ways):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(told, path, **how)
        from rebracket_core.parquet.bounds import ParquetTable

        assert ParquetTable(path, where="x").table().to_pylist() == told.to_pylist(), how


def test_a_parquet_file_that_lies_of_its_place_is_damaged() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"concept": ["One text", "Two texts"]}), out)
    whole = bytearray(out.getvalue())
    for at in range(4, 60):
        whole[at] ^= 0xFF
    with pytest.raises(DataError, match=r"a\.parquet"):
        read_upload("a.parquet", bytes(whole))


def test_a_file_that_takes_too_long_or_too_much_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ("concept,id\n" + "".join(f"Some text of a song number {k},{k}\n" for k in range(200_000))).encode()
    with pytest.raises(DataError, match=r"slow\.csv: Reading the file was stopped.*0\.2 seconds"):
        read_concepts_apart("slow.csv", data, max_text_chars=1000, bounds=ReadingBounds(seconds=0.2, seconds_a_mib=0.0))
    with pytest.raises(DataError, match=r"large\.csv: Reading the file was stopped.*memory"):
        read_rows_apart("large.csv", data, bounds=ReadingBounds(memory=24 * MIB))
    assert not reading_child._idle


@pytest.mark.slow
def test_apart_reads_what_is_read_at_hand_and_keeps_its_process() -> None:
    data = ("concept,rainbow_color\n" + "".join(f"Some text of a song number {k},Red\n" for k in range(9_000))).encode()
    assert not reading_child.is_small(data)
    assert read_concepts_apart("a.csv", data, max_text_chars=1000) == read_concepts_upload("a.csv", data, max_text_chars=1000)
    (child,) = reading_child._idle
    found = read_rows_apart("a.csv", data)
    same, other = read_upload("a.csv", data)
    assert found.frame.equals(same) and found.report == other and reading_child._idle == [child]
    os.kill(child._process.pid, 9)
    child._process.wait()
    assert len(read_concepts_apart("a.csv", data, max_text_chars=1000).concepts) == 9_000  # another takes its place
    reading_child.close_children()
    with pytest.raises(RebracketError, match="Nothing could be read"):
        read_rows_apart("b.zip", bombs._archive(b"", entries=1))


def test_a_line_without_end_is_refused_in_a_stream(tmp_path: Path) -> None:
    from rebracket_core.corpus.sources.reading import iter_concepts

    (tmp_path / "a.jsonl").write_text('{"concept": "' + "a key " * 900_000 + '"}\n')
    (only,) = iter_concepts([tmp_path / "a.jsonl"])
    assert only.error is not None and "4,194,304 characters" in only.error
    with pytest.raises(DataError, match="closed"):
        (tmp_path / "b.csv").write_text('concept\n"' + "a key\n" * 3_500_000)
        read_source(tmp_path / "b.csv")
