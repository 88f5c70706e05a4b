"""Runs on a Ray cluster, through Ray Jobs: nothing but the address of its head is needed, no disk has to be shared."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import ConfigError, MissingExtraError, RebracketError, lines_of
from rebracket_core.jobs.folder import RunFolder
from rebracket_core.jobs.launchers.local import refuse_unless_startable
from rebracket_core.jobs.state import request_cancel
from rebracket_core.jobs.workers.process import start_worker
from rebracket_core.settings import Settings, data_dir

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

_CACHE_BYTES = 64 * 1024 * 1024
_CODE = shutil.ignore_patterns("__pycache__", "home", "*.pyc")


class RayLauncher:
    """Workers on a Ray cluster. A small process here, the follower, submits the job and keeps the run's folder true.

    The follower holds the attempt as a worker would, so all that holds of runs on this machine holds of these: status,
    curves and log come from the folder, cancel is a word in it, and a run whose follower was killed is lost and resumable.
    """

    def __init__(self, settings: Settings) -> None:
        if not settings.ray_address:
            raise ConfigError(
                "No Ray cluster is named.",
                expected="REBRACKET_RAY_ADDRESS, such as http://head:8265",
                found="it is not set",
                hint="set it, or train on this machine",
            )
        if find_spec("ray") is None:
            raise MissingExtraError("ray", what="Training on a Ray cluster")
        self._settings = settings

    def launch(self, folder: RunFolder) -> None:
        """Start the follower on a new attempt; returns at once."""
        refuse_unless_startable(folder)
        start_worker(
            "rebracket_core.jobs.launchers.ray_follower", folder, attempt=folder.new_attempt(), settings=self._settings
        )

    def cancel(self, folder: RunFolder) -> None:
        """Leave the word in the attempt's folder; the follower passes it on to the cluster."""
        request_cancel(folder)


def open_cluster(address: str) -> JobSubmissionClient:
    """The cluster's Jobs API; a RebracketError where it does not answer."""
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError, ValueError) as cause:
        raise RebracketError(
            "The Ray cluster does not answer.",
            expected=f"the Jobs API of a Ray head at {address}",
            found=lines_of(cause)[0][:200],
            hint="check REBRACKET_RAY_ADDRESS and that the head runs",
        ) from cause


def submit(client: JobSubmissionClient, folder: RunFolder, *, attempt: Path, settings: Settings) -> str:
    """The id of the job that works on the attempt; jobs of earlier attempts at the run that still work are stopped."""
    stop_earlier(client, folder.run_id)
    home = f"home/{folder.path.parent.name}/{folder.run_id}"
    env: dict[str, str] = {
        **settings.to_env(),
        "REBRACKET_HOME": "home",
        "REBRACKET_DB": "",
        "REBRACKET_RAY_ADDRESS": "",
        "REBRACKET_TRACKER": "",
        "REBRACKET_VALIDATE_ROOT": "",
    }
    gpus = 1 if settings.device.startswith("cuda") else 0
    with bundle(folder, settings=settings) as root:
        job_id: str = client.submit_job(
            entrypoint=f"python -m rebracket_core.jobs.workers.remote_worker {home} {attempt.name}",
            submission_id=f"{folder.run_id}-{attempt.name}",
            metadata={"rebracket_run": folder.run_id},
            runtime_env={"working_dir": str(root), "env_vars": env},
            entrypoint_num_cpus=1,
            entrypoint_num_gpus=gpus,
        )
    return job_id


def stop_earlier(client: JobSubmissionClient, run_id: str) -> None:
    """Nothing; no job works on the run any more when this returns, as far as the cluster says."""
    for job in client.list_jobs():
        if (job.metadata or {}).get("rebracket_run") == run_id and not job.status.is_terminal() and job.submission_id:
            client.stop_job(job.submission_id)


@contextmanager
def bundle(folder: RunFolder, *, settings: Settings) -> Iterator[Path]:
    """A folder with all that a far worker needs: the code, the run with its checkpoints, its data, known embeddings."""
    spec: dict[str, Any] = folder.spec()
    with tempfile.TemporaryDirectory(prefix="rebracket-") as room:
        root = Path(room)
        shutil.copytree(Path(__file__).resolve().parents[2], root / "rebracket_core", ignore=_CODE)
        shutil.copytree(data_dir(), root / "data", ignore=_CODE)
        home = root / "home"
        shutil.copytree(folder.path, home / folder.path.parent.name / folder.run_id, ignore=shutil.ignore_patterns("lock"))
        for name in str(spec["dataset"]).split("+"):
            shutil.copytree(settings.library / name, home / "library" / name)
        known = settings.cache / "embeddings"
        files = sorted(known.glob("*")) if known.is_dir() else []
        if sum(path.stat().st_size for path in files) <= _CACHE_BYTES:
            (home / "cache" / "embeddings").mkdir(parents=True)
            for path in files:
                shutil.copy(path, home / "cache" / "embeddings")
        yield root
