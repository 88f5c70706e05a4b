"""What every launcher must do, on a real worker with a real training."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from rebracket_core.errors import InputError
from rebracket_core.jobs import LAUNCHERS, JobFolder, Launcher, Status, create_run, job_state, log_tail, metric_points
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from tests.conftest import open_home
from tests.support.jobs import kill_worker, wait_for, worker_pid

KILLS = {"here": 10, "ray": 3}
QUICK = TrainingConfig.of(ensemble_size=1, folds=3, max_steps=10)
LONG = TrainingConfig.of(ensemble_size=5, folds=20, max_steps=2000, patience_steps=2000)


@pytest.fixture(params=["here", pytest.param("ray", marks=pytest.mark.slow)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def launcher(kind: str, request: pytest.FixtureRequest, home: Path) -> Launcher:
    address = request.getfixturevalue("ray_head") if kind == "ray" else ""
    return LAUNCHERS.get(kind)(_settings(home, ray=address))


def _settings(home: Path, *, ray: str = "") -> Settings:
    return Settings.from_env({"REBRACKET_HOME": str(home), "REBRACKET_THREADS": "1", "REBRACKET_RAY_ADDRESS": ray})


def _new(home: Path, config: TrainingConfig) -> JobFolder:
    bench = open_home(home)
    meta = bench.datasets.get("starter").meta
    return create_run(home / "runs", meta=meta, config=config, encoder_id=bench.resources.encoder("minilm").encoder_id)


def test_every_launcher_that_starts_workers_goes_through_this_suite() -> None:
    assert {launcher.name for launcher in LAUNCHERS if launcher.starts_at_once} == set(KILLS)
    for launcher in LAUNCHERS:
        assert (
            launcher.label and launcher.help.endswith(".") and launcher.title(_settings(Path("home"), ray="http://head:8265"))
        )


@pytest.mark.slow
def test_a_run_is_trained_outside_and_said_to_be_done(launcher: Launcher, home: Path) -> None:
    folder = _new(home, QUICK)
    assert job_state(folder).status is Status.CREATED
    launcher.launch(folder)
    assert job_state(folder).status.active
    assert wait_for(folder, Status.DONE) is Status.DONE
    assert (folder.path / "model/manifest.json").is_file()
    after_folds = [p for p in metric_points(folder) if "album" in p]
    assert len(after_folds) == 3 and all(p["album_low"] <= p["album"] <= p["album_high"] for p in after_folds)
    assert {p["fold"] for p in metric_points(folder) if "loss" in p} == {0, 1, 2}
    assert "Training on the other songs" in log_tail(folder)
    with pytest.raises(InputError, match="cannot be started again"):
        launcher.launch(folder)
    with pytest.raises(InputError, match="nothing to cancel"):
        launcher.cancel(folder)


@pytest.mark.slow
def test_a_second_launch_of_a_run_that_is_trained_is_refused(launcher: Launcher, home: Path) -> None:
    folder = _new(home, LONG)
    launcher.launch(folder)
    with pytest.raises(InputError, match="cannot be started again"):
        launcher.launch(folder)
    wait_for(folder, Status.RUNNING)
    with pytest.raises(InputError, match="cannot be started again"):
        launcher.launch(folder)
    launcher.cancel(folder)
    assert wait_for(folder, Status.CANCELLED) is Status.CANCELLED


@pytest.mark.slow
def test_runs_wait_for_each_other_in_the_order_they_were_made(launcher: Launcher, home: Path) -> None:
    first, second = _new(home, LONG), _new(home, QUICK)
    launcher.launch(first)
    wait_for(first, Status.RUNNING)
    launcher.launch(second)
    wait_for(second, Status.QUEUED)
    launcher.cancel(first)
    wait_for(first, Status.CANCELLED)
    assert wait_for(second, Status.DONE) is Status.DONE


@pytest.mark.slow
def test_a_worker_that_is_killed_at_any_moment_is_lost_and_goes_on_to_the_same_model(
    launcher: Launcher, kind: str, home: Path
) -> None:
    """A `kill -9` at ten random moments: each time the run shows as lost, is resumed, and ends as if nothing had happened.

    On a cluster it is the follower that is killed, three times. A run that ends between two kills is followed by another.
    """
    config = TrainingConfig.of(ensemble_size=2, folds=8, max_steps=40, patience_steps=40)
    whole, broken = _new(home, config), [_new(home, config)]
    launcher.launch(whole)
    wait_for(whole, Status.DONE)
    rng, killed = random.Random(7), 0
    while killed < KILLS[kind]:
        folder = broken[-1]
        launcher.launch(folder)
        wait_for(folder, Status.RUNNING, Status.DONE)
        time.sleep(rng.uniform(0.0, 3.0))
        kept = {p.name: p.read_bytes() for p in folder.checkpoints.glob("*.safetensors")}
        killed += kill_worker(folder)
        if wait_for(folder, Status.LOST, Status.DONE) is Status.DONE:
            broken.append(_new(home, config))
        else:
            assert all((folder.checkpoints / name).read_bytes() == content for name, content in kept.items())
    if job_state(broken[-1]).status in (Status.CREATED, Status.LOST):
        launcher.launch(broken[-1])
        wait_for(broken[-1], Status.DONE)
    wanted = (whole.path / "model/model.safetensors").read_bytes()
    assert all((folder.path / "model/model.safetensors").read_bytes() == wanted for folder in broken)
    assert sum(len(folder.attempts()) for folder in broken) > len(broken)


@pytest.mark.slow
def test_a_polite_kill_cancels(launcher: Launcher, home: Path) -> None:
    folder = _new(home, LONG)
    launcher.launch(folder)
    wait_for(folder, Status.RUNNING)
    os.kill(worker_pid(folder), signal.SIGTERM)
    assert wait_for(folder, Status.CANCELLED) is Status.CANCELLED
    assert job_state(folder).hint
