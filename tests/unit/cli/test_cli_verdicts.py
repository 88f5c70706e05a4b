"""`rebracket validate` and its neighbours against a trained run: formats, order, bad input, files, signals."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import Result

from rebracket_core.reports.verdict_writers import FIELDS, csv_columns

Invoke = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[bytes]]
TEXT = "A brass key that the archive lists as melted in 1911 opens the same door every night."
BAD = {
    "01-empty.txt": b"",
    "02-blank.txt": b" \n \t \n",
    "03-signs.txt": b"?! ... 123 --",
    "04-long.txt": b"word " * 210_000,
    "05-nul.txt": b"\x00" * 4000,
    "06-broken.yml": b"concept: [never closed\n",
    "07-tag.yml": b"concept: !!python/object/apply:os.system ['touch ran']\n",
    "08-column.csv": b"title,colour\nLow water,red\n",
    "09-number.json": b'{"concept": 7}',
}
GOOD = {
    "11-nul.txt": TEXT.encode() + b"\x00",
    "12-latin.txt": "A café key, melted long ago.".encode("cp1252"),
    "13-wide.txt": TEXT.encode("utf-16"),
    "14-colour.yml": f"concept: {TEXT}\nrainbow_color: mauve\n".encode(),
    "15-mode.yml": f"concept: {TEXT}\nrainbow_color: {{color_name: Red, temporal_mode: sideways}}\n".encode(),
    "16-one.csv": f"{TEXT}\n".encode(),
    "17-twice.jsonl": f'{{"id": "x", "text": "{TEXT}"}}\n'.encode() * 2,
}


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder of every kind of bad input, and good texts in odd forms between."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name, data in {**BAD, **GOOD}.items():
        (folder / name).write_bytes(data)
    for name, member, data in (("21-up.zip", "../out.txt", b"x"), ("22-bomb.zip", "a.txt", b"word " * 2_000_000)):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, data)
    pq.write_table(pa.table({"words": [TEXT]}), folder / "23-column.parquet")
    pq.write_table(pa.table({"concept": [1.5, 2.5]}), folder / "24-type.parquet")
    return folder


def file_of(verdict: dict[str, Any]) -> str:
    return re.sub(r":(row|line) \d+$", "", Path(verdict["source"]).name)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_bad_input_is_named_and_the_rest_is_judged(rebracket: Run, home: Path, mixed: Path) -> None:
    names = sorted(mixed.iterdir())
    done = rebracket("validate", *names, "--home", home, "--format", "jsonl")
    assert done.returncode == 3, done.stderr.decode()
    found = lines(done.stdout.decode())
    assert all(tuple(v) == FIELDS for v in found)
    assert [file_of(v) for v in found] == [
        name for path in names for name in [path.name] * (2 if path.name[:2] in ("17", "24") else 1)
    ]
    for v in found:
        judged = file_of(v) in GOOD
        assert (v["error"] is None) is judged, v
        assert (v["verdict"] is not None) is judged
    assert len({v["id"] for v in found}) == len(found)
    assert found[-1]["error"] == "Its text is not text but float; put the text in quotes"
    assert b"Traceback" not in done.stderr
    assert not (mixed.parent / "ran").exists() and not (mixed.parent / "out.txt").exists()


def test_good_input_ends_with_0_bad_alone_with_2(invoke: Invoke, home: Path, mixed: Path) -> None:
    assert invoke("validate", mixed / "11-nul.txt", "--home", home).exit_code == 0
    for name in ("01-empty.txt", "06-broken.yml", "21-up.zip"):
        assert invoke("validate", mixed / name, "--home", home).exit_code == 2
    assert invoke("validate", mixed / "missing", "--home", home).exit_code == 2


@pytest.mark.slow
def test_standard_input_a_concept_a_line(rebracket: Run, home: Path) -> None:
    done = rebracket("validate", "-", "--home", home, "--format", "jsonl", data=f"{TEXT}\n\nAnother key.\n".encode())
    assert done.returncode == 0
    found = [(v["id"], v["text"]) for v in lines(done.stdout.decode())]
    assert found == [("stdin#1", TEXT), ("stdin#3", "Another key.")]
    assert rebracket("validate", "-", "--home", home).returncode == 2


def test_csv_and_table(invoke: Invoke, home: Path, mixed: Path) -> None:
    sheet = invoke("validate", mixed / "11-nul.txt", mixed / "01-empty.txt", "--home", home, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(sheet.stdout.lstrip("\ufeff"), newline="")))
    assert tuple(rows[0]) == csv_columns()
    assert [bool(row["error"]) for row in rows] == [False, True]
    table = invoke("validate", mixed / "11-nul.txt", "--home", home).stdout.splitlines()
    assert table[0].startswith("concept") and len(table) == 3


@pytest.mark.slow
def test_json_is_one_document_and_nothing_else(rebracket: Run, home: Path, mixed: Path) -> None:
    done = rebracket("validate", mixed / "11-nul.txt", mixed / "01-empty.txt", "--home", home, "--json")
    document = json.loads(done.stdout)
    assert (document["n"], document["n_failed"], done.returncode) == (2, 1, 3)
    assert [tuple(v) for v in document["verdicts"]] == [FIELDS, FIELDS]
    assert rebracket("validate", "x", "--home", home, "--json", "--format", "csv").returncode == 2


def test_thresholds_and_run_reach_the_verdict(invoke: Invoke, home: Path, mixed: Path) -> None:
    run_id = json.loads(invoke("runs", "--home", home, "--json").stdout)["runs"][0]["run_id"]
    line = ("validate", mixed / "11-nul.txt", "--home", home, "--format", "jsonl")
    found = lines(invoke(*line, "--run", run_id, "--set", "accept=0.11", "--set", "accept_uncharted=yes").stdout)[0]
    assert (found["thresholds"]["accept"], found["thresholds"]["accept_uncharted"]) == (0.11, True)
    assert found["run_id"] == run_id
    missing = invoke(*line, "--run", "no-such-run")
    assert missing.exit_code == 1 and "no such run" in missing.stderr


@pytest.mark.parametrize("name", ["v.jsonl", "v.csv", "v.txt", "v.unknown"])
def test_a_file_appears_whole_and_alone(invoke: Invoke, home: Path, mixed: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "result" / name
    target.parent.mkdir()
    target.write_text("old")
    result = invoke("validate", mixed / "11-nul.txt", "--home", home, "--out", target)
    assert (result.exit_code, result.stdout) == (0, "")
    assert os.listdir(target.parent) == [name]
    data = target.read_bytes()
    assert data.startswith({"v.csv": b"\xef\xbb\xbfid,", "v.txt": b"concept"}.get(name, b'{"id"'))
    assert str(target) in result.stderr


def test_what_cannot_be_written_keeps_the_old_file(invoke: Invoke, home: Path, mixed: Path, tmp_path: Path) -> None:
    line = ("validate", mixed / "11-nul.txt", "--home", home, "--out")
    assert invoke(*line, tmp_path / "no" / "v.csv").exit_code == 2
    assert invoke(*line, tmp_path).exit_code == 2
    (tmp_path / "v.csv").write_text("old")
    assert invoke(*line, tmp_path / "v.csv", "--run", "x").exit_code == 1
    assert (tmp_path / "v.csv").read_text() == "old"


def test_the_history_is_kept_unless_it_is_not_wanted(invoke: Invoke, home: Path, mixed: Path) -> None:
    from rebracket_core.scoring.history import History

    invoke("validate", mixed / "11-nul.txt", mixed / "01-empty.txt", "--home", home)
    invoke("validate", mixed / "13-wide.txt", "--home", home, "--no-history")
    history = History(f"sqlite:///{home / 'workbench.db'}")
    assert [Path(entry.source).name for entry in history.search()] == ["11-nul.txt"]


def test_a_damaged_history_stops_before_judging_and_says_how_to_go_on(invoke: Invoke, home: Path, mixed: Path) -> None:
    (home / "workbench.db").write_text("no database " * 500)
    result = invoke("validate", mixed / "12-latin.txt", "--home", home)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--no-history" in result.stderr
    assert invoke("validate", mixed / "12-latin.txt", "--home", home, "--no-history").exit_code == 0


def start(home: Path, *arguments: object) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "REBRACKET_HOME": str(home)}
    line = [sys.executable, "-m", "rebracket_core.cli", "validate", *map(str, arguments)]
    return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def many(path: Path, count: int) -> Path:
    path.write_text("".join(f"{TEXT[:-1]}, number {k}, and {'nobody asks why ' * 12}.\n" for k in range(count)))
    return path


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes and signals of POSIX")
def test_a_closed_pipe_is_quiet(home: Path, tmp_path: Path) -> None:
    process = start(home, many(tmp_path / "many.txt", 300), "--format", "jsonl", "--no-history")
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline().startswith(b'{"id"')
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=300) == 141
    assert b"Traceback" not in said and b"BrokenPipe" not in said and b"Exception" not in said


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes and signals of POSIX")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing_half_written(home: Path, tmp_path: Path, sent: signal.Signals, code: int) -> None:
    target = tmp_path / "result" / "v.jsonl"
    target.parent.mkdir()
    process = start(home, many(tmp_path / "many.txt", 4000), "--out", target, "--no-history")
    for _ in range(600):
        if any(p.stat().st_size for p in target.parent.iterdir()):
            break
        time.sleep(0.1)
    process.send_signal(sent)
    _, said = process.communicate(timeout=300)
    assert process.returncode == code, said[-3000:]
    assert os.listdir(target.parent) == []
    assert b"Traceback" not in said


def test_runs_promote_and_evaluate(invoke: Invoke, home: Path) -> None:
    found = json.loads(invoke("runs", "--home", home, "--json").stdout)["runs"]
    run_id = next(run["run_id"] for run in found if run["promoted"])
    promoted = json.loads(invoke("promote", run_id, "--home", home, "--json").stdout)
    assert promoted == {"promoted": run_id, "before": run_id}
    assert run_id in invoke("runs", "--home", home).stdout
    dataset = next(run["dataset"] for run in found if run["run_id"] == run_id)
    if (home / "library" / dataset).is_dir():
        document = json.loads(invoke("evaluate", run_id, dataset, "--home", home, "--json").stdout)
        wanted = {"n_rows", "n_groups", "split", "leaked", "metrics", "album", "calibration", "selective"}
        assert wanted <= set(document)
        assert "tfidf_lr" in invoke("evaluate", run_id, dataset, "--home", home).stdout


def test_doctor_tries_every_part(invoke: Invoke, home: Path) -> None:
    result = invoke("doctor", "--home", home, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0 and document["healthy"], document
    names = [check["name"] for check in document["checks"]]
    assert names == ["version", "plugins", "home", "disk", "database", "labels", "device", "encoder", "model", "verdict"]
    (home / "workbench.db").write_text("no database " * 500)
    broken = invoke("doctor", "--home", home)
    assert broken.exit_code == 1 and "fail" in broken.stdout
