"""Trackers that a team may use beside the run folder: MLflow, W&B, trackio. Off by default; none can stop a training."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from rebracket_core.errors import MissingExtraError
from rebracket_core.files import make_folder
from rebracket_core.settings import Settings

PROJECT = "rebracket"
_TITLES = {"mlflow": "MLflow", "wandb": "W&B", "trackio": "trackio"}
Numbers = Mapping[str, float]


class Tracker(Protocol):
    """One run in one tracker. Any call may fail; `jobs.tracking` sees to it that the job does not."""

    def point(self, values: Numbers, *, step: int) -> None:
        """One point of the curves."""

    def end(self, scores: Numbers, *, texts: Mapping[str, str], done: bool) -> None:
        """The final scores, and where what it made lies; nothing comes after it."""

    @property
    def where(self) -> str:
        """Where people find it."""


def check_tracker(settings: Settings) -> None:
    """Raise MissingExtraError where the tracker of the settings is not installed."""
    if settings.tracker and find_spec(settings.tracker) is None:
        raise MissingExtraError(settings.tracker, what=f"The tracker {_TITLES[settings.tracker]}")


def open_tracker(settings: Settings, *, run_id: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> Tracker:
    """The tracker of the settings, with the run begun in it. Where it keeps things is the tracker's own setting, if any."""
    check_tracker(settings)
    kinds: dict[str, Callable[..., Tracker]] = {"mlflow": _MLflow, "wandb": _Wandb, "trackio": _Trackio}
    make_folder(settings.tracking)
    return kinds[settings.tracker](settings.tracking, run_id=run_id, params=params, tags=tags)


class _MLflow:
    """MLflow: MLFLOW_TRACKING_URI, or an SQLite store below the home."""

    def __init__(self, folder: Path, *, run_id: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow.entities import Param, RunTag
        from mlflow.tracking import MlflowClient

        given = os.environ.get("MLFLOW_TRACKING_URI")
        self._uri = given or f"sqlite:///{folder / 'mlflow.db'}"
        self._client = MlflowClient(tracking_uri=self._uri)
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT
        found = self._client.get_experiment_by_name(name)
        artifacts = None if given else (folder / "mlflow-artifacts").as_uri()
        experiment = found.experiment_id if found else self._client.create_experiment(name, artifact_location=artifacts)
        self._run = self._client.create_run(experiment, run_name=run_id).info.run_id
        self._client.log_batch(
            self._run,
            params=[Param(key, str(value)[:6000]) for key, value in params.items()],
            tags=[RunTag(key, value[:5000]) for key, value in tags.items()],
        )

    def point(self, values: Numbers, *, step: int) -> None:
        self._log(values, step=step)

    def end(self, scores: Numbers, *, texts: Mapping[str, str], done: bool) -> None:
        self._log(scores, step=0)
        for key, value in texts.items():
            self._client.set_tag(self._run, key, value)
        self._client.set_terminated(self._run, status="FINISHED" if done else "FAILED")

    @property
    def where(self) -> str:
        return f"{self._uri} run {self._run}"

    def _log(self, values: Numbers, *, step: int) -> None:
        import time

        from mlflow.entities import Metric

        moment = int(time.time() * 1000)
        self._client.log_batch(self._run, metrics=[Metric(k, v, moment, step) for k, v in values.items()])


class _Wandb:
    """W&B: offline, in a folder below the home, unless WANDB_MODE or WANDB_API_KEY say otherwise."""

    def __init__(self, folder: Path, *, run_id: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        import wandb

        known = os.environ.get("WANDB_MODE") or os.environ.get("WANDB_API_KEY")
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            name=run_id,
            config={**params, **tags},
            dir=str(folder),
            mode=None if known else "offline",
            settings=wandb.Settings(console="off", x_disable_stats=True, disable_git=True, disable_code=True, silent=True),
        )

    def point(self, values: Numbers, *, step: int) -> None:
        self._run.log(dict(values), step=step)

    def end(self, scores: Numbers, *, texts: Mapping[str, str], done: bool) -> None:
        self._run.summary.update({**scores, **texts})
        self._run.finish(exit_code=0 if done else 1)

    @property
    def where(self) -> str:
        return str(self._run.url or self._run.dir)


class _Trackio:
    """trackio: its SQLite store below the home, or TRACKIO_DIR."""

    def __init__(self, folder: Path, *, run_id: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        os.environ.setdefault("TRACKIO_DIR", str(folder / "trackio"))
        import trackio

        self._run = trackio.init(project=PROJECT, name=run_id, config={**params, **tags}, embed=False)

    def point(self, values: Numbers, *, step: int) -> None:
        self._run.log(dict(values), step=step)

    def end(self, scores: Numbers, *, texts: Mapping[str, str], done: bool) -> None:
        self._run.log(dict(scores))
        self._run.finish()

    @property
    def where(self) -> str:
        return f"{os.environ['TRACKIO_DIR']} (trackio show --project {PROJECT})"
