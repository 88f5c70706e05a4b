"""Any number of concepts into a folder of parts: the same as elsewhere, in bounded memory, and after a kill the same bytes."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.stream import PEAKS
from rebracket_core.corpus.sources.fingerprint import fingerprint_of
from rebracket_core.corpus.sources.reading import iter_concepts, read_concepts
from rebracket_core.errors import ConfigError, InputError, StoreError
from rebracket_core.progress import CallingReporter
from rebracket_core.reports.verdict_writers import FIELDS, csv_columns
from rebracket_core.scoring.parts import MANIFEST, PartForm
from rebracket_core.scoring.streaming import score_into
from tests.conftest import open_home

ROOT = Path(__file__).parents[3]
SENTENCE = "a ledger of tides that the harbour office closed long ago and nobody has asked for since then"


def texts(count: int) -> list[str]:
    return [f"{SENTENCE[k % 7 :]}, entry {k}." for k in range(count)]


def table(path: Path, count: int) -> Path:
    rows: list[str | None] = list(texts(count))
    if count > 3:
        rows[3] = None
    pq.write_table(pa.table({"concept_id": [f"c{k}" for k in range(count)], "concept": rows}), path, row_group_size=1000)
    return path


def bytes_of(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if not p.name.startswith(".")}


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("part-*.jsonl")) for line in path.read_text().splitlines()]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with a file of every kind, good and bad rows in each."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    table(folder / "a.parquet", 10)
    (folder / "b.jsonl").write_text('{"concept": "A bell.", "album": "mauve"}\nno json\n7\n\n"A second bell."\n{"x": 1}\n')
    table_of_two = 'concept;title\r\n"A key;\r\nin two lines";t\r\nA b;c;d\r\n;\r\n\u00e9t\u00e9\x00 words;x\r\n'
    (folder / "c.csv").write_bytes(table_of_two.encode())
    (folder / "d.csv").write_bytes("concept;title\nun caf\xe9;x\n".encode("latin-1"))
    (folder / "e.yml").write_text("concept: A song of a song.\nrainbow_color: Red\n")
    (folder / "f.txt").write_text("A text.\n\nAnother.\n")
    (folder / "g.jsonl").write_text("")
    (folder / "h.csv").write_text("title,colour\nLow,red\n")
    (folder / "notes.md").write_text("# about\n")
    return folder


def test_what_flows_is_what_is_read_whole(mixed: Path) -> None:
    for source in (mixed, *sorted(mixed.iterdir())):
        assert list(iter_concepts([source])) == list(read_concepts([source]).concepts), source


def test_the_print_of_a_source_knows_names_and_contents(mixed: Path) -> None:
    before = fingerprint_of([mixed])
    assert before == fingerprint_of([mixed]) and before.files == 9
    (mixed / "f.txt").write_text("A text.\n\nAnother!\n")
    assert fingerprint_of([mixed]).digest != before.digest
    with pytest.raises(InputError, match="cannot be read twice"):
        fingerprint_of(["-"])


def test_parts_hold_what_validate_says_in_order(home: Path, tmp_path: Path) -> None:
    bench, source, out = open_home(home), table(tmp_path / "in.parquet", 25), tmp_path / "out"
    seen: list[int] = []
    progress = CallingReporter(lambda stage, done, total: seen.append(done))
    counted = bench.monitoring.traffic(bench.resources.model().run_id).total
    parts = score_into(bench.resources, [source], folder=out, rows_per_part=10, progress=progress)
    more = bench.monitoring.traffic(bench.resources.model().run_id).total
    assert more.n - counted.n == 25 and more.kinds["error"] - counted.kinds["error"] == 1
    score_into(bench.resources, [source], folder=out, rows_per_part=10)  # everything is there already
    assert bench.monitoring.traffic(bench.resources.model().run_id).total.n == more.n
    found = lines(out)
    told = [v.to_dict() for v in bench.verdicts.validate(read_concepts([source]).concepts, keep=False)]
    assert [v["id"] for v in found] == [f"c{k}" for k in range(25)]
    assert all(tuple(v) == FIELDS for v in found)
    for mine, theirs in zip(found, told, strict=True):
        assert (mine["verdict"], mine["album"], mine["error"]) == (theirs["verdict"], theirs["album"], theirs["error"])
        if mine["error"] is None:
            assert mine["album_probability"] == pytest.approx(theirs["album_probability"], abs=1e-5)
    said = manifest(out)
    assert (said["done"], said["rows"], said["failed"], [p["rows"] for p in said["parts"]]) == (True, 25, 1, [10, 10, 5])
    assert said["run_id"] == found[0]["run_id"] and said["input_digest"] == fingerprint_of([source]).digest
    assert said["parts"][0]["sha256"] == bytes_of(out)["part-00000.jsonl"]
    assert seen[-1] == 25 and parts.counts["error"] == 1


def test_the_same_again_makes_nothing_anew_and_repairs_what_is_gone(home: Path, tmp_path: Path) -> None:
    bench, source, out = open_home(home), table(tmp_path / "in.parquet", 25), tmp_path / "out"
    score_into(bench.resources, [source], folder=out, rows_per_part=10)
    before, made = bytes_of(out), (out / "part-00000.jsonl").stat().st_mtime_ns
    (out / "part-00001.jsonl").unlink()
    (out / "part-00002.jsonl").write_text("cut")
    (out / ".part-00001.jsonl.x.tmp").write_text("left by a kill")
    score_into(bench.resources, [source], folder=out, rows_per_part=10)
    assert bytes_of(out) == before and (out / "part-00000.jsonl").stat().st_mtime_ns == made
    assert not list(out.glob(".*.tmp"))


def test_a_folder_of_something_else_is_refused(home: Path, tmp_path: Path) -> None:
    from filelock import FileLock

    bench, source, out = open_home(home), table(tmp_path / "in.parquet", 5), tmp_path / "out"
    score_into(bench.resources, [source], folder=out)
    with pytest.raises(ConfigError, match="rows_per_part"):
        score_into(bench.resources, [source], folder=out, rows_per_part=7)
    table(source, 6)
    with pytest.raises(ConfigError, match="input_digest"):
        score_into(bench.resources, [source], folder=out)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "diary.txt").write_text("mine")
    with pytest.raises(ConfigError, match="other things"):
        score_into(bench.resources, [source], folder=tmp_path / "own")
    (tmp_path / "held").mkdir()
    with FileLock(str(tmp_path / "held" / ".lock")), pytest.raises(StoreError, match="Another process"):
        score_into(bench.resources, [source], folder=tmp_path / "held")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="nothing to score"):
        score_into(bench.resources, [tmp_path / "nothing"], folder=tmp_path / "empty")


@pytest.mark.parametrize("form", [PartForm.CSV, PartForm.PARQUET])
def test_every_form_is_whole_in_each_part(home: Path, tmp_path: Path, form: PartForm) -> None:
    out = tmp_path / "out"
    score_into(open_home(home).resources, [table(tmp_path / "in.parquet", 12)], folder=out, rows_per_part=8, form=form)
    paths = sorted(out.glob("part-*"))
    if form is PartForm.CSV:
        rows = [list(csv.DictReader(path.open(encoding="utf-8-sig", newline=""))) for path in paths]
        assert tuple(rows[0][0]) == csv_columns() and [len(part) for part in rows] == [8, 4]
    else:
        read = [pq.read_table(path) for path in paths]
        assert tuple(read[0].column_names) == FIELDS and [part.num_rows for part in read] == [8, 4]


def start(home: Path, *arguments: object) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "REBRACKET_HOME": str(home), "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "rebracket_core.cli", "validate", *map(str, arguments)]
    return subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_after_a_kill_the_bytes_are_those_of_a_run_that_was_not_killed(home: Path, tmp_path: Path) -> None:
    source, whole, killed = table(tmp_path / "in.parquet", 1500), tmp_path / "whole", tmp_path / "killed"
    assert start(home, source, "--parts", whole, "--part-rows", 300).wait(timeout=300) == 3
    process = start(home, source, "--parts", killed, "--part-rows", 300)
    deadline = time.monotonic() + 300
    while not (killed / "part-00001.jsonl").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    assert not (killed / MANIFEST).exists() or not manifest(killed)["done"]
    assert start(home, source, "--parts", killed, "--part-rows", 300).wait(timeout=300) == 3
    assert bytes_of(killed) == bytes_of(whole)
    assert manifest(killed)["rows"] == 1500


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_is_flat_from_ten_thousand_on(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({"concept": [f"tide {k}" for k in range(40_000)]}), source)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "REBRACKET_HOME": str(home)}
    line = [sys.executable, "-c", PEAKS, str(source), str(tmp_path / "out")]
    said = subprocess.run(line, env=env, capture_output=True, check=True, timeout=600).stdout
    early, whole = map(float, said.split())
    assert whole < 1.05 * early, (early, whole)


@pytest.mark.slow
def test_ray_makes_the_same_bytes(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    source, here, there = table(tmp_path / "in.parquet", 700), tmp_path / "here", tmp_path / "there"
    assert start(home, source, "--parts", here, "--part-rows", 150).wait(timeout=300) == 3
    process = start(home, source, "--parts", there, "--part-rows", 150, "--ray", "local", "--workers", 2)
    _, said = process.communicate(timeout=400)
    assert process.returncode == 3, said.decode()[-3000:]
    assert bytes_of(there) == bytes_of(here)
