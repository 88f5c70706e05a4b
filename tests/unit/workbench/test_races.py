"""Two processes that want one name at once: one has it, the other is told so, nothing is lost and nothing half stays."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import copy_home, open_home

ROUNDS = 10
# Both wait for the word to go, so that they meet in the middle of their work.
_RACER = """
import json, sys, time
from pathlib import Path
from rebracket_core.errors import RebracketError
what, home, mine, go = sys.argv[1:5]
home = Path(home)

def data_set():
    from rebracket_core.corpus import Library, ReadReport, make_frame
    text = "the same text" if mine == "same" else f"a text of import {mine}"
    rows = [{"row_id": f"r{i}", "group_id": f"g{i}", "concept": f"{text} {i}", "origin": "test"} for i in range(200)]
    frame = make_frame(rows)
    return lambda: Library(home / "library").add(frame, name="one", source="s", report=ReadReport(200, ())).meta.digest

def run():
    from rebracket_core.runs.archive import import_run
    return lambda: import_run(Path(mine), runs=home / "runs")

def project():
    from rebracket_core.annotation import LabelSession
    from rebracket_core.annotation.entities.records import NewItem
    from rebracket_core.annotation.projects import NewProject, create_project
    session = LabelSession.open(f"sqlite:///{home / 'workbench.db'}")
    def make():
        items = [NewItem(f"{mine}{i}", f"a text of {mine} {i}") for i in range(50)]
        return create_project(session, NewProject("one", items, dataset="d", dataset_digest="x"), by="ada").project_id
    return make

def backup():
    from rebracket_core.annotation.database.backup import back_up
    return lambda: back_up(f"sqlite:///{home / 'workbench.db'}", to=home / "backups" / "one.db").digest

def export():
    from rebracket_core.files import export_bytes
    return lambda: export_bytes(home / "out.txt", mine.encode() * 100_000)

ready = {"data_set": data_set, "run": run, "project": project, "backup": backup, "export": export}[what]()
print("ready", flush=True)
while not Path(go).exists():
    time.sleep(0.0005)
try:
    print(json.dumps({"done": ready()}))
except RebracketError as error:
    print(json.dumps({"error": error.message, "kind": type(error).__name__, "hint": error.hint}))
"""


def _race(what: str, home: Path, *mine: str) -> list[dict[str, Any]]:
    """How each of the processes ended."""
    home.mkdir(parents=True, exist_ok=True)
    go = home.parent / f"{home.name}.go"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, what, str(home), one, str(go)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for one in mine
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None and racer.stderr is not None
            assert racer.stdout.readline().strip() == "ready", racer.stderr.read()
        go.touch()
        ends = [racer.communicate(timeout=60) for racer in racers]
    finally:
        for racer in racers:
            if racer.poll() is None:
                racer.kill()
                racer.wait()
    assert all(out for out, _ in ends), [err[-2000:] for _, err in ends]
    return [json.loads(out) for out, _ in ends]


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROUNDS))
def test_two_imports_of_one_name(tmp_path: Path, number: int) -> None:
    from rebracket_core.corpus import Library

    ends = _race("data_set", tmp_path / "home", "a", "b")
    won = [end["done"] for end in ends if "done" in end]
    lost = [end for end in ends if "error" in end]
    assert len(won) == 1 and len(lost) == 1, ends
    assert lost[0]["kind"] == "DataError" and "this name" in lost[0]["error"] and "another name" in lost[0]["hint"]
    assert Library(tmp_path / "home" / "library").load("one").meta.digest == won[0]
    assert _left(tmp_path / "home" / "library") == ["one"] and len(_left(tmp_path / "home" / "library" / "one")) == 2


def test_two_imports_of_the_same_rows_are_one(tmp_path: Path) -> None:
    ends = _race("data_set", tmp_path / "home", "same", "same")
    assert len({end["done"] for end in ends}) == 1
    assert _left(tmp_path / "home" / "library") == ["one"]


@pytest.mark.slow
def test_two_imports_of_one_run(trained_home: Path, tmp_path: Path) -> None:
    bench = open_home(copy_home(trained_home, tmp_path / "from"))
    run_id = bench.runs.all()[0].run_id
    bench.runs.export(run_id, to=tmp_path / "run.zip")
    for number in range(3):
        home = tmp_path / f"to{number}"
        ends = _race("run", home, str(tmp_path / "run.zip"), str(tmp_path / "run.zip"))
        assert [end.get("done") for end in ends] == [run_id, run_id], ends
        assert _left(home / "runs") == [run_id]


@pytest.mark.slow
def test_two_projects_of_one_name(tmp_path: Path) -> None:
    from rebracket_core.annotation import LabelSession
    from rebracket_core.annotation.people import enrol

    for number in range(3):
        home = tmp_path / f"home{number}"
        home.mkdir()
        session = LabelSession.open(f"sqlite:///{home / 'workbench.db'}")
        enrol(session, "Ada")
        ends = _race("project", home, "a", "b")
        assert len([e for e in ends if "done" in e]) == 1, ends
        assert [e["error"] for e in ends if "error" in e] == ["There is a project of this name."]
        session.close()


@pytest.mark.slow
def test_two_backups_to_one_file(tmp_path: Path) -> None:
    from rebracket_core.annotation import LabelSession
    from rebracket_core.annotation.database.backup import check
    from rebracket_core.annotation.people import enrol

    home = tmp_path / "home"
    home.mkdir()
    session = LabelSession.open(f"sqlite:///{home / 'workbench.db'}")
    enrol(session, "Ada")
    ends = _race("backup", home, "a", "b")
    assert len([e for e in ends if "done" in e]) == 1, ends
    assert [e["error"] for e in ends if "error" in e] == ["The backup would replace a file."]
    assert _left(home / "backups") == ["one.db"]
    check(home / "backups" / "one.db")


def test_two_exports_to_one_file_leave_one_of_them_whole(tmp_path: Path) -> None:
    for number in range(3):
        home = tmp_path / f"home{number}"
        assert _race("export", home, "a", "b") == [{"done": None}, {"done": None}]
        assert home.joinpath("out.txt").read_bytes() in (b"a" * 100_000, b"b" * 100_000)
        assert _left(home) == ["out.txt"]


def test_a_killed_import_leaves_nothing_that_stays(tmp_path: Path) -> None:
    """A process that is killed while it writes; the next import takes the name and clears the rest away."""
    code = (
        "import os, signal, sys; from pathlib import Path; from rebracket_core.files import new_folder\n"
        "with new_folder(Path(sys.argv[1])) as room:\n"
        "    (room / 'half').write_bytes(b'x'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    library = tmp_path / "home" / "library"
    subprocess.run([sys.executable, "-c", code, str(library / "one")], check=False, timeout=60)
    assert [name for name in _left(library) if name.startswith(".new-")]
    assert "done" in _race("data_set", tmp_path / "home", "a")[0]
    assert _left(library) == ["one"]


@pytest.mark.slow
def test_what_an_earlier_version_left_half_is_taken_over(tmp_path: Path) -> None:
    half = tmp_path / "home" / "library" / "one"
    half.mkdir(parents=True)
    (half / "rows-0123456789abcdef.parquet").write_bytes(b"PAR1")
    assert "done" in _race("data_set", tmp_path / "home", "a")[0]
    assert len(_left(half)) == 2
    (half / "meta.json").unlink()
    (half / "mine.txt").write_text("a person's own")
    end = _race("data_set", tmp_path / "home", "b")[0]
    assert end["kind"] == "DataError" and (half / "mine.txt").is_file()


def test_runs_that_are_made_in_one_second_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rebracket_core.jobs.kinds import training

    chances = iter(["aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr(training.secrets, "token_hex", lambda _: next(chances))
    one, other = training._fresh_folder(tmp_path, "r"), training._fresh_folder(tmp_path, "r")
    assert (one.name, other.name) == ("r-aaaa", "r-bbbb")


def test_removing_frees_the_name_at_once(tmp_path: Path) -> None:
    from rebracket_core.corpus import Library

    _race("data_set", tmp_path / "home", "a")
    library = Library(tmp_path / "home" / "library")
    began = time.monotonic()
    library.remove("one")
    assert library.names() == [] and _left(library.folder) == [] and time.monotonic() - began < 10
