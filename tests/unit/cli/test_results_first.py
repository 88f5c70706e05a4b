"""Verdicts come before the history: a home that takes nothing costs what is kept, and never what was found."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from rebracket_core.cli.exit_codes import NOT_KEPT
from tests.conftest import open_home
from tests.support.read_only import can_mount, run_full, run_read_only

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="limits and mounts of POSIX")]
TEXT = "A bell cast in 1911 hung in the drowned tower."


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text(f"{TEXT}\nAnother bell hung beside it until 1953.\n")
    return path


def read_only(home: Path, arguments: list[object]) -> object:
    if not can_mount():
        pytest.skip("this process may not mount")
    return run_read_only(home, arguments)


def full(home: Path, arguments: list[object]) -> object:
    return run_full(home, arguments, most_bytes=20_000)


def in_the_way(home: Path, arguments: list[object]) -> object:
    (home / "workbench.db").mkdir()
    return run_full(home, arguments, most_bytes=2**30)


Run = Callable[[Path, list[object]], "object"]


@pytest.mark.parametrize("run", [read_only, full, in_the_way])
def test_verdicts_are_written_where_the_home_takes_nothing(run: Run, home: Path, texts: Path, tmp_path: Path) -> None:
    home.joinpath("workbench.db").unlink(missing_ok=True)
    target = tmp_path / "v.jsonl"
    done = run(home, ["validate", texts, "--out", target, "--json"])
    assert done.returncode == NOT_KEPT == 4, done.stderr  # type: ignore[attr-defined]
    assert len(target.read_text().splitlines()) == 2
    assert "Not kept in the history: 2 verdicts" in done.stderr  # type: ignore[attr-defined]
    summary = json.loads(done.stdout)  # type: ignore[attr-defined]
    assert (summary["n"], summary["n_kept"], summary["n_not_kept"]) == (2, 0, 2) and summary["not_kept"]


def test_a_locked_history_costs_nothing_but_itself(home: Path, texts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_home(home)
    bench.history.check()
    monkeypatch.setattr("rebracket_core.database.engine.BUSY_TIMEOUT_S", 0.2)
    holder = sqlite3.connect(home / "workbench.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused: list[str] = []
    try:
        read = bench.verdicts.read([texts])
        verdicts = bench.verdicts.validate(read.concepts, not_kept=lambda refusal: refused.append(refusal.found))
    finally:
        holder.close()
    assert [verdict.error for verdict in verdicts] == [None, None] and refused == ["database is locked"]
    assert len(bench.verdicts.validate(read.concepts)) == 2 and bench.history.count() == 2


@pytest.mark.skipif(not can_mount(), reason="this process may not mount")
@pytest.mark.parametrize("log", ["moved", "with its log", "a log without its index"])
def test_a_read_only_home_shows_its_runs_and_its_labels(home: Path, log: str) -> None:
    assert run_full(home, ["annotations", "create", "people", "starter"], most_bytes=2**30).returncode == 0
    if log != "moved":
        child = os.fork()
        if child == 0:  # a program that is killed leaves its log
            connection = sqlite3.connect(home / "workbench.db")
            connection.execute("CREATE TABLE left_over (a)")
            connection.commit()
            os._exit(0)
        os.waitpid(child, 0)
        assert (home / "workbench.db-wal").stat().st_size
    if log == "a log without its index":
        (home / "workbench.db-shm").unlink()
    before = sorted((path.name, path.stat().st_size) for path in home.iterdir())
    for line, shown in ((["runs"], "starter"), (["annotations", "status"], "people"), (["monitor"], "verdicts: none")):
        done = run_read_only(home, line)
        assert done.returncode == 0 and shown in done.stdout, done.stderr
    assert sorted((path.name, path.stat().st_size) for path in home.iterdir()) == before
