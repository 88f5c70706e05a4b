"""Trainings that outlive the command: launched, listed, cancelled, resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
LONG = ("--set", "folds=20", "--set", "max_steps=200", "--set", "patience_steps=200")


def _states(invoke: Invoke, home: Path) -> dict[str, str]:
    found = json.loads(invoke("runs", "--home", home, "--json").stdout)
    active = {state["run_id"]: state["status"] for state in found["active"]}
    return {**active, **{r["run_id"]: "finished" for r in found["runs"]}, **{b["run_id"]: b["why"] for b in found["broken"]}}


def _until(invoke: Invoke, home: Path, run_id: str, *, holds: Callable[[str], bool]) -> str:
    for _ in range(600):
        state = _states(invoke, home)[run_id]
        if holds(state):
            return state
        time.sleep(0.1)
    raise AssertionError(state)


@pytest.mark.slow
def test_a_detached_training_is_listed_cancelled_and_resumed(invoke: Invoke, home: Path) -> None:
    started = invoke("train", "starter", "--detach", "--home", home, "--json", *LONG)
    assert started.exit_code == 0, started.stderr
    run_id = json.loads(started.stdout)["run_id"]
    _until(invoke, home, run_id, holds=lambda s: s == "running")
    listed = invoke("runs", "--home", home)
    assert run_id in listed.stderr and run_id not in listed.stdout
    assert invoke("cancel", run_id, "--home", home).exit_code == 0
    why = _until(invoke, home, run_id, holds=lambda s: s.startswith("cancelled"))
    assert "resume" in why
    again = invoke("cancel", run_id, "--home", home)
    assert again.exit_code == 2 and "nothing to cancel" in again.stderr
    assert invoke("resume", run_id, "--home", home).stdout.strip() == run_id
    _until(invoke, home, run_id, holds=lambda s: s in ("starting", "queued", "running"))
    assert invoke("cancel", run_id, "--home", home).exit_code == 0
    _until(invoke, home, run_id, holds=lambda s: s.startswith("cancelled"))


def test_a_finished_run_is_not_started_again(invoke: Invoke, home: Path) -> None:
    run_id = json.loads(invoke("runs", "--home", home, "--json").stdout)["runs"][0]["run_id"]
    result = invoke("resume", run_id, "--home", home)
    assert result.exit_code == 2 and "is done" in result.stderr
