"""What every kind of job must do. One of them is made up here, and nothing but this file knows it."""

from __future__ import annotations

import errno
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.errors import ConfigError, InputError
from rebracket_core.jobs import (
    JOB_KINDS,
    Job,
    JobFolder,
    JobInputs,
    JobKind,
    LocalLauncher,
    Status,
    attempt as attempts,
    create_job,
    create_run,
    job_state,
    job_states,
    kind_of,
    log_tail,
    metric_points,
    request_cancel,
)
from rebracket_core.jobs.attempt import run_job
from rebracket_core.jobs.kinds.map import create_map
from rebracket_core.jobs.kinds.search import create_search
from rebracket_core.jobs.launchers.bundle import check_remote
from rebracket_core.jobs.workers import worker
from rebracket_core.maps.spec import MapMethod
from rebracket_core.maps.store import is_fitted
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled, TrainingConfig
from tests.conftest import open_home
from tests.support.jobs import kill_worker, wait_for

ROOT = Path(__file__).resolve().parents[2]


@JOB_KINDS.register
class CountingJob(JobKind):
    """A job that counts, keeps how far it came, and goes on from there."""

    name = "made-up-counting"
    label = "Counting"
    help = "Count to a number."
    stages = ("Counting",)
    cancelled_hint = "resume it to count on"

    def run(self, job: Job) -> int:
        """Count on from the checkpoint."""
        job.folder.checkpoints.mkdir(exist_ok=True)
        kept = job.folder.checkpoints / "count"
        start, total = int(kept.read_text()) if kept.exists() else 0, int(job.spec["total"])
        for number in range(start + 1, total + 1):
            time.sleep(job.spec["pause_s"])
            kept.write_text(str(number))
            job.callback.update("Counting", number, total)
            job.callback.point({"number": number})
        (job.folder.path / "counted.json").write_text(json.dumps({"from": start, "to": total}))
        return total


def leave_note(folder: JobFolder, _: Settings) -> None:
    """A hook that a worker finds by its name."""
    (folder.path / "note").write_text("through")


def _count(home: Path, *, long: bool) -> JobFolder:
    spec = {"kind": CountingJob.name, "total": 40 if long else 4, "pause_s": 0.1 if long else 0.0}
    return create_job(home / "counts" / f"count-{spec['total']}", spec=spec)


def _training(home: Path, *, long: bool) -> JobFolder:
    config = (
        TrainingConfig.of(ensemble_size=3, folds=12, max_steps=100)
        if long
        else TrainingConfig.of(ensemble_size=1, folds=2, max_steps=4)
    )
    bench = open_home(home)
    encoder_id = bench.resources.encoder("minilm").encoder_id
    return create_run(home / "runs", meta=bench.datasets.get("starter").meta, config=config, encoder_id=encoder_id)


def _search(home: Path, *, long: bool) -> JobFolder:
    pytest.importorskip("optuna")
    from rebracket_core.services.search import plan_from

    base = TrainingConfig.of(ensemble_size=1, folds=3, max_steps=4)
    plan = plan_from({"inverse_l2": {"low": 1, "high": 100, "log": True}}, base=base, n_trials=12 if long else 1)
    bench = open_home(home)
    encoder_id = bench.resources.encoder("minilm").encoder_id
    return create_search(home / "searches", meta=bench.datasets.get("starter").meta, plan=plan, encoder_id=encoder_id)


def _map(home: Path, *, long: bool) -> JobFolder:
    bench = open_home(home)
    return create_map(bench.settings, bench.maps.spec("starter", method=MapMethod.TSNE if long else MapMethod.PCA))


@dataclass(frozen=True)
class Case:
    """How a test makes a job of a kind, short or long enough to be stopped, and sees that it did its work."""

    new: Callable[..., JobFolder]
    made: Callable[[JobFolder], bool]


CASES = {
    "made-up-counting": Case(_count, lambda folder: (folder.path / "counted.json").is_file()),
    "training": Case(_training, lambda folder: (folder.path / "model" / "manifest.json").is_file()),
    "search": Case(_search, lambda folder: (folder.path / "search.json").is_file()),
    "map": Case(_map, lambda folder: is_fitted(folder.path)),
}
_KINDS = [pytest.param(name, marks=() if name == "made-up-counting" else pytest.mark.slow) for name in CASES]
every_kind = pytest.mark.parametrize("name", CASES)
every_kind_in_a_worker = pytest.mark.parametrize("name", _KINDS)


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings.from_env({"REBRACKET_HOME": str(home), "REBRACKET_THREADS": "1"})


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find this file by the name that it has here."""
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parent}:{ROOT}")


class Listener:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int, int]] = []

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        self.stages.append((stage, done, total))


def _run(folder: JobFolder, settings: Settings, **inputs: Any) -> object:
    return run_job(folder, attempt=folder.new_attempt(), settings=settings, inputs=JobInputs(**inputs))


def test_every_kind_that_is_registered_goes_through_this_suite() -> None:
    assert set(JOB_KINDS.names) == set(CASES)
    for kind in JOB_KINDS:
        assert kind.label and kind.help.endswith(".") and kind.cancelled_hint and kind.memory_hint


@every_kind
def test_it_runs_in_this_process_and_reports_how_far_it_is(name: str, home: Path, settings: Settings) -> None:
    folder, listener = CASES[name].new(home, long=False), Listener()
    assert kind_of(folder) is JOB_KINDS.get(name) and job_state(folder).status is Status.CREATED
    made = _run(folder, settings, progress=listener, on_done=leave_note)
    state = job_state(folder)
    assert made is not None and CASES[name].made(folder) and (folder.path / "note").is_file()
    assert state.status is Status.DONE and state.attempt == 1 and state.done == state.total
    assert listener.stages[0] == ("Starting", 0, 1)
    assert {stage for stage, _, _ in listener.stages} >= set(JOB_KINDS.get(name).stages)
    assert "done." in log_tail(folder) and not list(folder.path.glob("attempts/*/reserve"))
    assert state in job_states(folder.path.parent)
    with pytest.raises(InputError, match="cannot be started again"):
        LocalLauncher(settings).launch(folder)


@every_kind
def test_a_cancelled_job_goes_on_where_it_was(name: str, home: Path, settings: Settings) -> None:
    folder = CASES[name].new(home, long=False)
    attempt = folder.new_attempt()
    request_cancel(folder)
    with pytest.raises(Cancelled):
        run_job(folder, attempt=attempt, settings=settings)
    state = job_state(folder)
    assert state.status is Status.CANCELLED and state.hint == JOB_KINDS.get(name).cancelled_hint
    assert not CASES[name].made(folder)
    _run(folder, settings)
    assert job_state(folder).status is Status.DONE and job_state(folder).attempt == 2


@every_kind
def test_a_full_disk_is_named_and_leaves_a_result(
    name: str, home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = CASES[name].new(home, long=False)

    def fill_the_disk(_: Job) -> None:
        reserve = folder.attempts()[-1] / "reserve"
        assert reserve.stat().st_size >= 64 * 1024  # which is freed for the result
        with open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")

    with monkeypatch.context() as patch:
        patch.setattr(JOB_KINDS.get(name), "run", fill_the_disk)
        with pytest.raises(OSError, match="No space"):
            _run(folder, settings)
    state = job_state(folder)
    assert state.status is Status.FAILED and state.error == "The disk is full." and state.status.resumable
    assert not list(folder.path.glob("attempts/*/reserve"))


@every_kind
def test_a_result_that_cannot_be_written_shows_as_lost(
    name: str, home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = CASES[name].new(home, long=False)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fail(_: Job) -> None:
        raise ValueError("what ended it")

    monkeypatch.setattr(attempts, "write_json", full)
    monkeypatch.setattr(JOB_KINDS.get(name), "run", fail)
    with pytest.raises(ValueError, match="what ended it"):  # not the error of the last write
        _run(folder, settings)
    assert job_state(folder).status is Status.LOST and job_state(folder).status.resumable


@every_kind_in_a_worker
def test_a_worker_runs_it_and_calls_the_hook(name: str, home: Path, settings: Settings, on_path: None) -> None:
    folder = CASES[name].new(home, long=False)
    LocalLauncher(settings, on_done=leave_note).launch(folder)
    assert job_state(folder).status.active
    wait_for(folder, Status.DONE)
    assert CASES[name].made(folder) and (folder.path / "note").read_text() == "through"
    assert "done." in log_tail(folder)


@pytest.mark.slow
@every_kind_in_a_worker
def test_a_worker_is_cancelled_and_another_goes_on(name: str, home: Path, settings: Settings, on_path: None) -> None:
    folder, launcher = CASES[name].new(home, long=True), LocalLauncher(settings)
    launcher.launch(folder)
    wait_for(folder, Status.RUNNING)
    with pytest.raises(InputError, match="cannot be started again"):
        launcher.launch(folder)
    launcher.cancel(folder)
    wait_for(folder, Status.CANCELLED)
    with pytest.raises(InputError, match="nothing to cancel"):
        launcher.cancel(folder)
    launcher.launch(folder)
    wait_for(folder, Status.DONE)
    assert CASES[name].made(folder) and len(folder.attempts()) == 2


@pytest.mark.slow
@every_kind_in_a_worker
def test_a_worker_that_is_killed_is_lost_and_another_goes_on(name: str, home: Path, settings: Settings, on_path: None) -> None:
    folder, launcher = CASES[name].new(home, long=True), LocalLauncher(settings)
    launcher.launch(folder)
    wait_for(folder, Status.RUNNING)
    assert kill_worker(folder)
    wait_for(folder, Status.LOST)
    launcher.launch(folder)
    wait_for(folder, Status.DONE)
    assert CASES[name].made(folder)


@every_kind
def test_only_a_kind_that_says_so_goes_to_a_remote_machine(name: str, home: Path) -> None:
    folder = CASES[name].new(home, long=False)
    if JOB_KINDS.get(name).runs_remotely:
        return check_remote(folder)
    with pytest.raises(InputError, match="cannot run on a remote machine"):
        check_remote(folder)


@pytest.mark.slow
def test_the_made_up_job_counts_on_from_its_checkpoint(home: Path, settings: Settings, on_path: None) -> None:
    folder, launcher = _count(home, long=True), LocalLauncher(settings)
    launcher.launch(folder)
    while not [point for point in metric_points(folder) if point["number"] >= 3]:
        time.sleep(0.02)
    assert kill_worker(folder)
    wait_for(folder, Status.LOST)
    launcher.launch(folder)
    wait_for(folder, Status.DONE)
    counted = json.loads((folder.path / "counted.json").read_text())
    assert counted["from"] >= 3 and counted["to"] == 40
    numbers = [point["number"] for point in metric_points(folder)]
    assert set(numbers) >= set(range(counted["from"] + 1, 41))


@pytest.mark.slow
def test_specs_of_an_earlier_version_name_no_kind(home: Path, settings: Settings) -> None:
    for name in ("training", "map"):
        folder = CASES[name].new(home, long=False)
        spec = folder.spec()
        del spec["kind"]
        (folder.path / "spec.json").write_text(json.dumps(spec))
        assert kind_of(folder).name == name
        _run(folder, settings)
        assert job_state(folder).status is Status.DONE and CASES[name].made(folder)


def test_a_spec_brings_no_code_along(home: Path, settings: Settings, tmp_path: Path) -> None:
    """A kind is looked up among those that are registered; what a stranger's spec names beside it is never imported."""
    (tmp_path / "stranger.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    spec = {"kind": "stranger", "kind_module": "stranger", "module": str(tmp_path / "stranger.py"), "on_done": "stranger:run"}
    folder = create_job(home / "counts" / "stranger", spec=spec)
    with pytest.raises(InputError, match="no such kind of job"):
        LocalLauncher(settings).launch(folder)
    assert not folder.attempts()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        attempt = folder.new_attempt()
        before = signal.getsignal(signal.SIGTERM)
        try:
            assert worker.main([str(folder.path), attempt.name]) == 1
        finally:
            signal.signal(signal.SIGTERM, before)
    state = job_state(folder)
    assert state.status is Status.FAILED and "no such kind of job" in state.error and state.hint
    assert not (tmp_path / "ran").exists() and "stranger" not in sys.modules


@pytest.fixture
def scripted() -> Iterator[JobKind]:
    """A kind that a script registers, so that no worker could import it."""
    kind = type("ScriptedJob", (CountingJob,), {"name": "scripted", "__module__": "__main__"})
    with JOB_KINDS.registered(kind) as made:
        yield made


def test_what_no_worker_could_import_is_refused_before_anything_starts(
    home: Path, settings: Settings, scripted: JobKind
) -> None:
    folder = create_job(home / "counts" / "scripted", spec={"kind": scripted.name, "total": 1, "pause_s": 0})
    with pytest.raises(ConfigError, match="could not know this kind"):
        LocalLauncher(settings).launch(folder)
    with pytest.raises(ConfigError, match="could not find this hook"):
        LocalLauncher(settings, on_done=lambda folder, settings: None).launch(_count(home, long=False))
    assert not folder.attempts() and _run(folder, settings) == 1
