"""Jobs on a Ray cluster, through Ray Jobs: nothing but the address of its head is needed, no disk has to be shared."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rebracket_core.errors import ConfigError, MissingExtraError, RebracketError, lines_of
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.job import DoneHook
from rebracket_core.jobs.launchers.base import Launcher, check_startable
from rebracket_core.jobs.launchers.bundle import check_remote, remote_bundle
from rebracket_core.jobs.workers.process import start_worker
from rebracket_core.settings import Settings

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

FOLLOWER = "rebracket_core.jobs.launchers.ray_follower"


class RayLauncher(Launcher):
    """Workers on a Ray cluster. A small process here, the follower, submits the job and keeps its folder up to date.

    The follower holds the attempt as a worker would, so all that holds of jobs on this machine holds of these: status,
    curves and log come from the folder, cancel is a file in it, and a job whose follower was killed is lost and resumable.
    """

    name = "ray"
    label = "Ray cluster"
    help = "A job on the Ray cluster that REBRACKET_RAY_ADDRESS names; no disk has to be shared."

    def __init__(self, settings: Settings, *, on_done: DoneHook | None = None) -> None:
        if not settings.ray_address:
            raise ConfigError(
                "No Ray cluster is named.",
                expected="REBRACKET_RAY_ADDRESS, such as http://head:8265",
                found="it is not set",
                hint="set it, or train on this machine",
            )
        if find_spec("ray") is None:
            raise MissingExtraError("ray", what="Training on a Ray cluster")
        super().__init__(settings, on_done=on_done)

    @classmethod
    def is_configured(cls, settings: Settings) -> bool:
        """Whether the settings name a cluster."""
        return bool(settings.ray_address)

    @classmethod
    def title(cls, settings: Settings) -> str:
        """The label with the address of the cluster."""
        return f"{cls.label} at {settings.ray_address}"

    def launch(self, folder: JobFolder) -> None:
        """Start the follower on a new attempt; returns at once."""
        check_startable(folder)
        check_remote(folder)
        start_worker(folder, settings=self._settings, on_done=self._on_done, module=FOLLOWER)


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


def submit(client: JobSubmissionClient, folder: JobFolder, *, attempt: Path, settings: Settings) -> str:
    """Submit the attempt and return the id of the Ray job; jobs of earlier attempts that still work are stopped."""
    stop_earlier(client, folder.job_id)
    home = f"home/{folder.path.parent.name}/{folder.job_id}"
    env: dict[str, str] = {
        **settings.to_env(),
        "REBRACKET_HOME": "home",
        "REBRACKET_DB": "",
        "REBRACKET_RAY_ADDRESS": "",
        "REBRACKET_TRACKER": "",
        "REBRACKET_VALIDATE_ROOT": "",
    }
    gpus = 1 if settings.device.startswith("cuda") else 0
    with remote_bundle(folder, settings=settings) as root:
        job_id: str = client.submit_job(
            entrypoint=f"python -m rebracket_core.jobs.workers.remote_worker {home} {attempt.name}",
            submission_id=f"{folder.job_id}-{attempt.name}",
            metadata={"rebracket_run": folder.job_id},
            runtime_env={"working_dir": str(root), "env_vars": env},
            entrypoint_num_cpus=1,
            entrypoint_num_gpus=gpus,
        )
    return job_id


def stop_earlier(client: JobSubmissionClient, run_id: str) -> None:
    """Stop every Ray job that still works on the run, as far as the cluster knows."""
    for job in client.list_jobs():
        if (job.metadata or {}).get("rebracket_run") == run_id and not job.status.is_terminal() and job.submission_id:
            client.stop_job(job.submission_id)
