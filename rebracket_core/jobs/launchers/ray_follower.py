"""The follower of a job on a Ray cluster: `python -m rebracket_core.jobs.launchers.ray_follower FOLDER ATTEMPT`."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import RebracketError, lines_of
from rebracket_core.jobs.attempt import run_job
from rebracket_core.jobs.attempt_callback import AttemptCallback
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.job import Job, JobInputs
from rebracket_core.jobs.launchers.ray import open_cluster, submit
from rebracket_core.jobs.state import CANCEL, METRICS, QUEUED_STAGE, RESULT, Status
from rebracket_core.jobs.workers.log_transport import MARK, FolderReceiver
from rebracket_core.jobs.workers.process import run_worker
from rebracket_core.records import read_records
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

_EVERY_S = 0.5
_PATIENCE_S = 60.0  # a cluster that is silent for so long is taken to be gone


def follow(folder: JobFolder, *, attempt: Path, settings: Settings, inputs: JobInputs) -> object:
    """Submit the attempt, and return when the job is done and back. Raises what ended it otherwise.

    `result.json` has its ending, in the words of the remote worker where it came so far.
    """

    def follow_job(job: Job) -> None:
        client = open_cluster(settings.ray_address)
        job.callback.update("Sending the run to the cluster", 0, 1)
        ray_job_id = submit(client, folder, attempt=attempt, settings=settings)
        job.callback.log(f"Job {ray_job_id} on {settings.ray_address}")
        _Follower(client, ray_job_id, folder=folder, attempt=attempt, callback=job.callback).wait()

    return run_job(folder, attempt=attempt, settings=settings, inputs=inputs, work=follow_job)


class _Follower:
    """One job, from its submission to its end."""

    def __init__(
        self, client: JobSubmissionClient, job_id: str, *, folder: JobFolder, attempt: Path, callback: AttemptCallback
    ) -> None:
        self._client, self._job_id, self._attempt, self._callback = client, job_id, attempt, callback
        self._receiver = FolderReceiver(folder.path)
        self._read = 0
        self._n_reported = 0
        self._stopping = False
        self._answered_s = time.monotonic()

    def wait(self) -> None:
        """Return when the job is done. Raises Cancelled, or a RebracketError with what the remote worker reported."""
        try:
            self._follow()
        except BaseException:
            with suppress(ConnectionError, OSError, RuntimeError):
                self._client.stop_job(self._job_id)  # nothing works on for nobody; on a job that ended it does nothing
            raise

    def _follow(self) -> None:
        while True:
            if (self._attempt / CANCEL).exists() and not self._stopping:
                self._client.stop_job(self._job_id)
                self._stopping = True
            began = time.monotonic()
            info = self._info()
            if info is not None and info.status.is_terminal():
                self._take_log()
                return self._end(str(info.status), str(info.message or ""))
            if info is not None and str(info.status) == "PENDING" and not self._stopping:
                self._callback.update(QUEUED_STAGE, 0, 1)
            time.sleep(max(_EVERY_S, 5 * (time.monotonic() - began)))

    def _info(self) -> Any | None:
        """The cluster's information on the job, None while it is silent."""
        try:
            info = self._client.get_job_info(self._job_id)
            if str(info.status) != "PENDING":
                self._take_log()
        except (ConnectionError, OSError, RuntimeError) as cause:
            if time.monotonic() - self._answered_s > _PATIENCE_S:
                raise RebracketError(
                    "The Ray cluster fell silent.",
                    expected="an answer within a minute",
                    found=lines_of(cause)[0][:200],
                    hint="check the cluster, then resume the run",
                ) from cause
            return None
        self._answered_s = time.monotonic()
        return info

    def _take_log(self) -> None:
        """Put what the job printed since the last look into the job's folder, whole lines alone."""
        log = self._client.get_job_logs(self._job_id)
        end = log.rfind("\n") + 1
        for line in log[self._read : end].split("\n"):
            if line.startswith(MARK):
                self._report_points(self._receiver.take(line))
            elif line.strip():
                self._callback.log(line)
        self._read = max(self._read, end)

    def _report_points(self, name: str | None) -> None:
        """Report the points that came with the file to the tracker, where there is one."""
        if self._callback.on_point is None or name is None or not name.endswith(METRICS):
            return
        points = read_records(self._attempt / METRICS)
        for point in points[self._n_reported :]:
            self._callback.on_point(point)
        self._n_reported = len(points)

    def _end(self, status: str, message: str) -> None:
        result = _json(self._attempt / RESULT)
        if result.get("status") == Status.DONE:
            return
        if result.get("status") == Status.CANCELLED or self._stopping:
            raise Cancelled("The job was cancelled.")
        reported = lines_of(message)[0] if message.strip() else "without a message"
        error = result.get("error") or f"The job ended as {status}: {reported}"
        raise RebracketError(str(error), hint=str(result.get("hint") or "see the end of the log"))


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError):
        return {}


def main(arguments: list[str]) -> int:
    """Follow until the run is back here; see `run_worker` for the exit code."""
    return run_worker(arguments, follow)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
