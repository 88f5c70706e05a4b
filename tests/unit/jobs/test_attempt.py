"""However a job ends, its folder says how, and nothing that was finished is lost."""

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
    JobFolder,
    JobInputs,
    LocalLauncher,
    Status,
    attempt as module,
    create_run,
    job_state,
    job_states,
    log_tail,
    metric_points,
)
from rebracket_core.jobs.attempt import run_job
from rebracket_core.jobs.kinds.training import TrainingJob
from rebracket_core.jobs.state import STARTING_S
from rebracket_core.runs.production import promote_first, promoted_id
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled, TrainingConfig
from tests.conftest import open_home
from tests.support.jobs import wait_for

QUICK = TrainingConfig.of(ensemble_size=1, folds=2, max_steps=4)


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings.from_env({"REBRACKET_HOME": str(home)})


@pytest.fixture
def folder(home: Path) -> JobFolder:
    bench = open_home(home)
    meta = bench.datasets.get("starter").meta
    return create_run(home / "runs", meta=meta, config=QUICK, encoder_id=bench.resources.encoder("minilm").encoder_id)


def _train(folder: JobFolder, settings: Settings) -> None:
    run_job(folder, attempt=folder.new_attempt(), settings=settings, inputs=JobInputs(on_done=promote_first))


def _failing(monkeypatch: pytest.MonkeyPatch, cause: BaseException) -> None:
    def fail(*_: object, **__: object) -> None:
        raise cause

    monkeypatch.setattr(TrainingJob, "run", fail)


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
    folder: JobFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch, cause: BaseException, status: Status, words: str
) -> None:
    _failing(monkeypatch, cause)
    with pytest.raises(type(cause)):
        _train(folder, settings)
    state = job_state(folder)
    assert state.status is status and words in state.error and state.hint
    assert state.status.resumable
    assert not list(folder.path.glob("attempts/*/reserve"))


@pytest.mark.slow
def test_a_failure_is_resumed_and_the_first_run_is_not_promoted_over_another(
    folder: JobFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = promoted_id(settings.runs)
    with monkeypatch.context() as patch:
        _failing(patch, MemoryError())
        with pytest.raises(MemoryError):
            _train(folder, settings)
    _train(folder, settings)
    state = job_state(folder)
    assert state.status is Status.DONE and state.attempt == 2
    assert promoted_id(settings.runs) == before


@pytest.mark.slow
def test_a_worker_promotes_the_first_run_of_a_home(home: Path, settings: Settings) -> None:
    (settings.runs / "promoted.json").unlink()
    bench = open_home(home)
    run_id = bench.training.launch("starter", config=QUICK)
    folder = bench.resources.runs.folder_of(run_id)
    assert wait_for(folder, Status.DONE) is Status.DONE
    assert promoted_id(settings.runs) == run_id


def test_a_data_set_that_changed_since_is_refused(folder: JobFolder, settings: Settings) -> None:
    meta = settings.library / "starter" / "meta.json"
    spec = json.loads((folder.path / "spec.json").read_text())
    (folder.path / "spec.json").write_text(json.dumps({**spec, "dataset_digest": "0" * 64}))
    assert meta.is_file()
    with pytest.raises(DataError, match="has changed since"):
        _train(folder, settings)
    assert job_state(folder).status is Status.FAILED


def test_an_attempt_is_held_by_one_process(folder: JobFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    monkeypatch.setattr(module, "_LOCK_WAIT_S", 0.2)
    attempt = folder.new_attempt()
    with FileLock(attempt / "lock"):
        assert job_state(folder).status is Status.RUNNING
        with pytest.raises(InputError, match="running already"):
            run_job(folder, attempt=attempt, settings=settings)
    assert not (attempt / "result.json").exists()


def test_a_worker_that_never_came_is_lost_after_a_while(folder: JobFolder) -> None:
    attempt = folder.new_attempt()
    assert job_state(folder).status is Status.STARTING
    past = time.time() - STARTING_S - 1
    os.utime(attempt, (past, past))
    assert job_state(folder).status is Status.LOST


def test_a_worker_killed_while_it_starts_is_lost_at_once(
    folder: JobFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch
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
    assert job_state(folder).status is Status.STARTING
    started[0].kill()
    started[0].wait()
    assert job_state(folder).status is Status.LOST
    assert job_state(folder).status.resumable


def test_half_written_lines_are_skipped_and_foreign_folders_left_alone(folder: JobFolder) -> None:
    attempt = folder.new_attempt()
    (attempt / "metrics.jsonl").write_text('{"fold": 0, "loss": 1.5}\n{"fold": 0, "lo')
    assert metric_points(folder) == [{"fold": 0, "loss": 1.5}]
    assert log_tail(folder) == ""
    (folder.path.parent / "strange").mkdir()
    (folder.path.parent / "broken").mkdir()
    (folder.path.parent / "broken" / "spec.json").write_text("{")
    assert folder.run_id in [s.run_id for s in job_states(folder.path.parent)]
    with pytest.raises(ModelError, match="description cannot be read"):
        job_state(JobFolder(folder.path.parent / "broken"))
