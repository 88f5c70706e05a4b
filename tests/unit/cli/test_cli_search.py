"""Searching from the command line: refused by name, done, listed, cancelled and resumed, and its best trained."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Invoke = Callable[..., Result]
QUICK = ("--set", "ensemble_size=1", "--set", "folds=2", "--set", "max_steps=4")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    file = tmp_path / "space.yaml"
    file.write_text("inverse_l2: {low: 1, high: 100, log: true}\ntfidf: [true, false]\n", encoding="utf-8")
    return file


def test_a_wrong_space_is_bad_input(invoke: Invoke, home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("folds: [2, 3]", encoding="utf-8")
    result = invoke("search", "starter", "--space", tmp_path / "bad.yaml", "--home", home)
    assert result.exit_code == 2 and "cannot vary 'folds'" in result.stderr
    assert not (home / "searches").exists()
    result = invoke("searches", "nothing", "--home", home)
    assert result.exit_code == 2 and "no such search" in result.stderr


@pytest.mark.slow
def test_a_search_finds_lists_and_trains_its_best(invoke: Invoke, home: Path, space: Path) -> None:
    done = invoke("search", "starter", "--space", space, "--trials", "3", "--home", home, "--json", *QUICK)
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    search_id, best = document["state"]["run_id"], document["found"]["best"]
    assert len(document["trials"]) == 3 and document["trials"][0]["number"] == best["number"]
    listed = json.loads(invoke("searches", "--home", home, "--json").stdout)["searches"]
    assert [(s["run_id"], s["status"]) for s in listed] == [(search_id, "done")]
    assert "On" in (told := invoke("searches", search_id, "--home", home).stdout) and "train-found" in told
    trained = json.loads(invoke("train-found", search_id, "--home", home, "--json").stdout)
    assert trained["config"]["inverse_l2"] == best["options"]["inverse_l2"]
    (note,) = [n for n in trained["metrics"]["notes"] if search_id in n]
    assert "a little too good" in note and "groups that no trial had met" in note
    assert invoke("promote", trained["run_id"], "--home", home).exit_code == 0


@pytest.mark.slow
def test_a_detached_search_is_cancelled_and_resumed(invoke: Invoke, home: Path, space: Path) -> None:
    started = invoke("search", "starter", "--space", space, "--trials", "4", "--detach", "--home", home, *QUICK)
    search_id = started.stdout.strip()
    _until(invoke, home, search_id, "running")
    assert invoke("cancel", search_id, "--home", home).exit_code == 0
    _until(invoke, home, search_id, "cancelled")
    assert invoke("resume", search_id, "--home", home).stdout.strip() == search_id
    _until(invoke, home, search_id, "done")
    trials = json.loads(invoke("searches", search_id, "--home", home, "--json").stdout)["trials"]
    assert sorted(t["number"] for t in trials) == [1, 2, 3, 4]


def _until(invoke: Invoke, home: Path, search_id: str, status: str) -> None:
    for _ in range(900):
        found = json.loads(invoke("searches", search_id, "--home", home, "--json").stdout)["state"]["status"]
        if found == status:
            return
        time.sleep(0.1)
    raise AssertionError(found)
