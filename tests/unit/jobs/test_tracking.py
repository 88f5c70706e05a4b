"""Trackers: a run told to real ones, and a training that none of them can stop."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.errors import ConfigError, MissingExtraError
from rebracket_core.jobs import JobFolder, JobInputs, Status, create_run, job_state, kind_of, log_tail
from rebracket_core.jobs.attempt import run_job
from rebracket_core.jobs.tracking import tracker_thread as tracking
from rebracket_core.jobs.tracking.tracker_thread import tracked
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from tests.conftest import open_home

QUICK = TrainingConfig.of(ensemble_size=1, folds=2, max_steps=4)


def _folder(home: Path) -> JobFolder:
    bench = open_home(home)
    meta = bench.datasets.get("starter").meta
    return create_run(home / "runs", meta=meta, config=QUICK, encoder_id=bench.resources.encoder("minilm").encoder_id)


def _train(home: Path, tracker: str) -> JobFolder:
    folder = _folder(home)
    settings = Settings.from_env({"REBRACKET_HOME": str(home), "REBRACKET_TRACKER": tracker})
    inputs = JobInputs(open_home(home).resources.encoder)
    run_job(folder, attempt=folder.new_attempt(), settings=settings, inputs=inputs)
    return folder


@pytest.fixture
def no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "WANDB_MODE", "WANDB_API_KEY", "TRACKIO_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mlflow") is None, reason="the extra mlflow is not installed")
def test_a_run_is_told_to_mlflow_on_sqlite(home: Path, no_addresses: None) -> None:
    from mlflow.tracking import MlflowClient

    folder = _train(home, "mlflow")
    assert not tracked(folder)["error"], tracked(folder)
    client = MlflowClient(tracking_uri=f"sqlite:///{home / 'tracking' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("rebracket")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == folder.run_id and run.info.status == "FINISHED"
    assert run.data.params["strength"] == "20.0" and run.data.tags["run_folder"] == str(folder.path)
    scores = kind_of(folder).final_scores(folder)
    assert {name: run.data.metrics[name] for name in scores} == scores
    assert scores["final/album_accuracy_low"] <= scores["final/album_accuracy"] <= scores["final/album_accuracy_high"]
    assert len(client.get_metric_history(run.info.run_id, "fold/loss")) >= 2
    assert len(client.get_metric_history(run.info.run_id, "unseen/album")) == 2


@pytest.mark.slow
@pytest.mark.skipif(find_spec("wandb") is None, reason="the extra wandb is not installed")
def test_a_run_is_told_to_wandb_offline(home: Path, no_addresses: None) -> None:
    folder = _train(home, "wandb")
    assert not tracked(folder)["error"], tracked(folder)
    (record,) = (home / "tracking" / "wandb").glob("offline-run-*/run-*.wandb")
    content = record.read_bytes()
    assert folder.run_id.encode() in content and b"final/album_accuracy" in content


@pytest.mark.slow
@pytest.mark.skipif(find_spec("trackio") is None, reason="the extra trackio is not installed")
def test_a_run_is_told_to_trackio(home: Path, no_addresses: None) -> None:
    import sqlite3

    folder = _train(home, "trackio")
    assert not tracked(folder)["error"], tracked(folder)
    (store,) = (home / "tracking" / "trackio").glob("rebracket*.db")
    with sqlite3.connect(store) as database:
        rows = database.execute("select run_name, metrics from metrics").fetchall()
    assert {name for name, _ in rows} == {folder.run_id}
    assert any("final/album_accuracy" in str(metrics) for _, metrics in rows)


class Broken:
    """A tracker that fails, or hangs, at the point that a test names."""

    where = "nowhere"

    def __init__(self, at: str, cause: Exception | None) -> None:
        self.at, self.cause = at, cause

    def _do(self, name: str) -> None:
        if name == self.at:
            if self.cause is None:
                time.sleep(30)
            else:
                raise self.cause

    def point(self, values: Mapping[str, float], *, step: int) -> None:
        self._do("point")

    def end(self, scores: Mapping[str, float], *, texts: Mapping[str, str], done: bool) -> None:
        self._do("end")


@pytest.mark.slow
@pytest.mark.parametrize(("at", "cause"), [("open", OSError("no route")), ("point", KeyError("x")), ("end", None)])
def test_a_tracker_that_fails_or_hangs_stops_no_training(
    home: Path, monkeypatch: pytest.MonkeyPatch, at: str, cause: Exception | None
) -> None:
    def open_broken(*_: Any, **__: Any) -> Broken:
        if at == "open" and cause is not None:
            raise cause
        return Broken(at, cause)

    monkeypatch.setattr(tracking, "open_tracker", open_broken)
    monkeypatch.setattr(tracking, "_END_WAIT_S", 0.5)
    folder = _train(home, "mlflow")
    assert job_state(folder).status is Status.DONE
    assert (str(cause) if cause and at == "open" else "KeyError" if cause else "did not answer") in tracked(folder)["error"]
    assert "the training goes on without it" in log_tail(folder)


@pytest.mark.slow
def test_a_tracker_that_is_not_there_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rebracket_core.jobs.tracking import trackers

    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"rebracket\[wandb\]"):
        trackers.check_tracker(Settings.from_env({"REBRACKET_HOME": str(home), "REBRACKET_TRACKER": "wandb"}))
    with pytest.raises(ConfigError, match="no such tracker"):
        Settings.from_env({"REBRACKET_HOME": str(home), "REBRACKET_TRACKER": "notebook"})
    folder = _train(home, "trackio")
    assert job_state(folder).status is Status.DONE and "rebracket[trackio]" in json.dumps(tracked(folder))


@pytest.mark.slow
def test_without_a_tracker_nothing_is_written(home: Path) -> None:
    folder = _train(home, "")
    assert tracked(folder) == {} and not (home / "tracking").exists()
