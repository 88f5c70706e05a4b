"""However a training ends, its folder says how, and nothing that was finished is lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.errors import DataError, InputError, ModelError
from rebracket_core.jobs import (
    RunFolder,
    Status,
    create_run,
    log_tail,
    metric_points,
    promote,
    promoted_id,
    roll_back,
    run_state,
    run_states,
)
from rebracket_core.jobs import attempt as execute
from rebracket_core.jobs.launchers.local import LocalLauncher
from rebracket_core.jobs.state import STARTING_S
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled, TrainingConfig
from tests.conftest import open_home

QUICK = TrainingConfig.of(ensemble_size=1, folds=2, max_steps=4)


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings.from_env({"REBRACKET_HOME": str(home)})


@pytest.fixture
def folder(home: Path) -> RunFolder:
    bench = open_home(home)
    meta = bench.datasets.get("starter").meta
    return create_run(home / "runs", meta=meta, config=QUICK, encoder_id=bench.resources.encoder("minilm").encoder_id)


def _train(folder: RunFolder, settings: Settings) -> None:
    execute(folder, attempt=folder.new_attempt(), settings=settings)


def _failing(monkeypatch: pytest.MonkeyPatch, cause: BaseException) -> None:
    import importlib

    def fail(*_: object, **__: object) -> None:
        raise cause

    monkeypatch.setattr(importlib.import_module("rebracket_core.jobs.attempt"), "train_run", fail)


@pytest.mark.parametrize(
    ("cause", "status", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), Status.FAILED, "disk is full"),
        (MemoryError(), Status.FAILED, "memory is not enough"),
        (RuntimeError("CUDA out of memory."), Status.FAILED, "memory is not enough"),
        (DataError("Bad rows.", hint="mend them"), Status.FAILED, "Bad rows"),
        (Cancelled("asked"), Status.CANCELLED, "cancelled"),
        (KeyboardInterrupt(), Status.CANCELLED, "cancelled"),
    ],
)
def test_every_ending_is_written(
    folder: RunFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch, cause: BaseException, status: Status, words: str
) -> None:
    _failing(monkeypatch, cause)
    with pytest.raises(type(cause)):
        _train(folder, settings)
    state = run_state(folder)
    assert state.status is status and words in state.error and state.hint
    assert state.status.resumable
    assert not list(folder.path.glob("attempts/*/reserve"))


def test_a_failure_is_resumed_and_the_first_run_is_not_promoted_over_another(
    folder: RunFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = promoted_id(settings.runs)
    with monkeypatch.context() as patch:
        _failing(patch, MemoryError())
        with pytest.raises(MemoryError):
            _train(folder, settings)
    _train(folder, settings)
    state = run_state(folder)
    assert state.status is Status.DONE and state.attempt == 2
    assert promoted_id(settings.runs) == before


def test_a_data_set_that_changed_since_is_refused(folder: RunFolder, settings: Settings) -> None:
    meta = settings.library / "starter" / "meta.json"
    spec = json.loads((folder.path / "spec.json").read_text())
    (folder.path / "spec.json").write_text(json.dumps({**spec, "dataset_digest": "0" * 64}))
    assert meta.is_file()
    with pytest.raises(DataError, match="has changed since"):
        _train(folder, settings)
    assert run_state(folder).status is Status.FAILED


def test_an_attempt_is_held_by_one_process(folder: RunFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    from filelock import FileLock

    monkeypatch.setattr(importlib.import_module("rebracket_core.jobs.attempt"), "_LOCK_WAIT_S", 0.2)

    attempt = folder.new_attempt()
    with FileLock(attempt / "lock"):
        assert run_state(folder).status is Status.RUNNING
        with pytest.raises(InputError, match="trained already"):
            execute(folder, attempt=attempt, settings=settings)
    assert not (attempt / "result.json").exists()


def test_a_worker_that_never_came_is_lost_after_a_while(folder: RunFolder) -> None:
    attempt = folder.new_attempt()
    assert run_state(folder).status is Status.STARTING
    past = time.time() - STARTING_S - 1
    os.utime(attempt, (past, past))
    assert run_state(folder).status is Status.LOST


def test_a_worker_killed_while_it_starts_is_lost_at_once(
    folder: RunFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def popen(*args: Any, **more: Any) -> subprocess.Popen[bytes]:
        started.append(real(*args, **more))
        return started[-1]

    monkeypatch.setattr("rebracket_core.jobs.workers.process.subprocess.Popen", popen)
    LocalLauncher(settings).launch(folder)
    started[0].send_signal(signal.SIGSTOP)  # it cannot get further while the test looks
    assert run_state(folder).status is Status.STARTING
    started[0].kill()
    started[0].wait()
    assert run_state(folder).status is Status.LOST
    assert run_state(folder).status.resumable


def test_half_written_lines_are_skipped_and_foreign_folders_left_alone(folder: RunFolder) -> None:
    attempt = folder.new_attempt()
    (attempt / "metrics.jsonl").write_text('{"fold": 0, "loss": 1.5}\n{"fold": 0, "lo')
    assert metric_points(folder) == [{"fold": 0, "loss": 1.5}]
    assert log_tail(folder) == ""
    (folder.path.parent / "strange").mkdir()
    (folder.path.parent / "broken").mkdir()
    (folder.path.parent / "broken" / "spec.json").write_text("{")
    assert folder.run_id in [s.run_id for s in run_states(folder.path.parent)]
    with pytest.raises(ModelError, match="description cannot be read"):
        run_state(RunFolder(folder.path.parent / "broken"))


def test_runs_are_promoted_and_rolled_back(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
        promote(tmp_path, name)
    promote(tmp_path, "c")
    assert promoted_id(tmp_path) == "c"
    assert [roll_back(tmp_path), roll_back(tmp_path)] == ["b", "a"]
    with pytest.raises(InputError, match="nothing to go back to"):
        roll_back(tmp_path)
    (tmp_path / "promoted.json").write_text("{")
    with pytest.raises(ModelError, match="promote a run again"):
        promoted_id(tmp_path)
