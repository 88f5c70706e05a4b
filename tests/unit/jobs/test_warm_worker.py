"""The warm worker: started once where it is allowed, takes an attempt over whole, and is never waited for in vain."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.jobs import JobFolder, Status, job_state
from rebracket_core.jobs.workers import warm_pool
from rebracket_core.maps.spec import MapMethod
from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench
from tests.conftest import open_home

pytestmark = pytest.mark.skipif(not hasattr(warm_pool.socket, "send_fds"), reason="descriptors travel on POSIX systems alone")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"REBRACKET_HOME": str(tmp_path)})


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(warm_pool, "_allowed", True)
    monkeypatch.setattr(warm_pool, "_warm", None)
    yield
    if warm_pool._warm is not None:
        warm_pool._warm.process.kill()
        warm_pool._warm.process.wait()
        warm_pool._warm.end()


def until(condition: Callable[[], Any], *, timeout_s: float = 90.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_none_is_started_where_nobody_allowed_it_or_memory_is_short(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(warm_pool, "_started", lambda env: started.append(env))
    monkeypatch.setattr(warm_pool, "_warm", None)
    warm_pool.keep_one(settings)
    monkeypatch.setattr(warm_pool, "_allowed", True)
    monkeypatch.setattr(warm_pool, "_free_bytes", lambda: warm_pool.LEAST_FREE_BYTES - 1)
    warm_pool.keep_one(settings)
    assert not started
    monkeypatch.setattr(warm_pool, "_free_bytes", lambda: warm_pool.LEAST_FREE_BYTES)
    warm_pool.keep_one(settings)
    assert started == [warm_pool.worker_env(settings)]


@pytest.mark.slow
def test_one_is_kept_and_it_ends_with_whoever_started_it(settings: Settings, allowed: None) -> None:
    warm_pool.keep_one(settings)
    first = warm_pool._warm
    warm_pool.keep_one(settings)
    assert first is not None and warm_pool._warm is first and first.waits
    first.end()  # as the end of the server closes it
    assert first.process.wait(60) == 0


@pytest.mark.slow
def test_another_environment_or_a_dead_warm_worker_takes_nothing(settings: Settings, allowed: None, tmp_path: Path) -> None:
    env = warm_pool.worker_env(settings)
    with open(tmp_path / "log", "wb") as log:
        assert not warm_pool.send(["run", "0001"], env=env, log=log, descriptors=())
        warm_pool.keep_one(settings)
        process = warm_pool._warm.process  # type: ignore[union-attr]
        assert not warm_pool.send(["run", "0001"], env={**env, "REBRACKET_SEED": "7"}, log=log, descriptors=())
        assert process.wait(60) == 0 and warm_pool._warm is None
        warm_pool.keep_one(settings)
        process = warm_pool._warm.process  # type: ignore[union-attr,attr-defined]
        process.kill()
        process.wait(60)
        assert not warm_pool.send(["run", "0001"], env=env, log=log, descriptors=())


@pytest.mark.slow
def test_it_trains_what_a_fresh_worker_trains(home: Path, allowed: None) -> None:
    bench = open_home(home)
    alone = _trained(bench)
    bench.training.get_ready()
    process = warm_pool._warm.process  # type: ignore[union-attr]
    run_id = bench.training.launch("starter")
    folder = JobFolder(bench.settings.runs / run_id)
    assert warm_pool._warm is None and job_state(folder).status.active
    until(lambda: not job_state(folder).status.active)
    assert process.wait(60) == 0 and job_state(folder).status is Status.DONE
    mine, theirs = ({**bench.resources.runs.info(run).metrics, "run_id": ""} for run in (run_id, alone))
    assert mine == theirs
    assert bench.training.watch(run_id).log  # what it said stands in the attempt's own log


@pytest.mark.slow
def test_it_takes_a_job_of_another_kind(home: Path, allowed: None) -> None:
    bench = open_home(home)
    bench.training.get_ready()
    process = warm_pool._warm.process  # type: ignore[union-attr]
    map_id = bench.maps.launch(bench.maps.spec("starter", method=MapMethod.PCA))
    assert warm_pool._warm is None
    until(lambda: not bench.maps.info(map_id).state.status.active)
    assert process.wait(60) == 0 and bench.maps.info(map_id).fitted


@pytest.mark.slow
def test_a_warm_worker_that_is_killed_before_it_begins_is_seen_as_lost(home: Path, allowed: None) -> None:
    bench = open_home(home)
    bench.training.get_ready()
    process = warm_pool._warm.process  # type: ignore[union-attr]
    os.kill(process.pid, signal.SIGSTOP)  # it cannot read what it is given
    run_id = bench.training.launch("starter")
    folder = JobFolder(bench.settings.runs / run_id)
    assert job_state(folder).status is Status.STARTING
    process.kill()
    process.wait(60)
    until(lambda: job_state(folder).status is Status.LOST)
    assert job_state(folder).status.resumable


def _trained(bench: Workbench) -> str:
    run_id = bench.training.launch("starter")
    folder = JobFolder(bench.settings.runs / run_id)
    until(lambda: not job_state(folder).status.active)
    assert job_state(folder).status is Status.DONE
    return run_id
