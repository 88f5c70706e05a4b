"""The state of a job, derived from its files: never stored by a page, never guessed from a process number."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import Timeout

from rebracket_core.aliases import modern, with_old_names
from rebracket_core.errors import InputError, ModelError
from rebracket_core.files import is_archived, lock_file, private_touch
from rebracket_core.jobs.folder import SPEC, JobFolder
from rebracket_core.jobs.workers.liveness import worker_lives
from rebracket_core.records import read_records

LOCK = "lock"
CANCEL = "cancel"
PROGRESS = "progress.json"
RESULT = "result.json"
LOG = "log.txt"
METRICS = "metrics.jsonl"
QUEUED_STAGE = "Waiting for the device"
# A worker takes its lock once Python has started; slower than this it never will. For where nothing says that it lives.
STARTING_S = 60.0
_LOG_BYTES = 20_000


class Status(StrEnum):
    """Where a job stands. LOST: its worker ended without a result (killed, power cut); it can be resumed."""

    CREATED = "created"
    STARTING = "starting"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def active(self) -> bool:
        """Whether a worker has it or is about to."""
        return self in (Status.STARTING, Status.QUEUED, Status.RUNNING)

    @property
    def resumable(self) -> bool:
        """Whether another attempt may go on from its checkpoints."""
        return self in (Status.CREATED, Status.FAILED, Status.CANCELLED, Status.LOST)


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as it stands now.

    Attributes:
        run_id: the job's id.
        dataset, config: what its spec says of them, where it does.
        created_at: when it was made, UTC.
        attempt: the number of attempts so far.
        stage, done, total: how far it is.
        left_s: the seconds that are left; None where nothing says so yet.
        error, hint: why it failed, and what to do.
        kind: the name of its kind as its spec has it; "" in those of an earlier version.
    """

    run_id: str
    status: Status
    dataset: str
    created_at: str
    attempt: int
    stage: str
    done: int
    total: int
    left_s: float | None
    error: str
    hint: str
    config: Mapping[str, Any]
    kind: str = ""

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.run_id

    def to_dict(self) -> dict[str, Any]:
        """The state as plain values; its options stand under their older names too."""
        return {**asdict(self), "config": with_old_names(self.config)}


def job_state(folder: JobFolder) -> JobState:
    """The state of a job now. Raises ModelError where its spec cannot be read."""
    spec = folder.spec()
    attempts = folder.attempts()
    last = attempts[-1] if attempts else None
    progress = _json(last / PROGRESS) if last else {}
    result = _json(last / RESULT) if last else {}
    return JobState(
        run_id=folder.job_id,
        status=_status(last, progress=progress, result=result),
        dataset=str(spec.get("dataset", "")),
        created_at=str(spec.get("created_at", "")),
        attempt=len(attempts),
        stage=str(progress.get("stage", "")),
        done=int(progress.get("done", 0)),
        total=int(progress.get("total", 0)),
        left_s=progress.get("left_s"),
        error=str(result.get("error", "")),
        hint=str(result.get("hint", "")),
        config=modern(spec.get("config", {})),
        kind=str(spec.get("kind", "")),
    )


def job_states(parent: Path) -> list[JobState]:
    """The states of all jobs below a folder whose spec can be read, newest first; archived ones are left out."""
    states = []
    for path in parent.iterdir() if parent.is_dir() else ():
        if (path / SPEC).is_file() and not is_archived(path):
            try:
                states.append(job_state(JobFolder(path)))
            except ModelError:
                continue  # named with its reason by the store of runs
    return sorted(states, key=lambda s: (s.created_at, s.run_id), reverse=True)


def metric_points(folder: JobFolder) -> list[dict[str, Any]]:
    """The points of the job's curves over all attempts, oldest first; a line that was cut off by a kill is skipped."""
    points: list[dict[str, Any]] = []
    for attempt in folder.attempts():
        with contextlib.suppress(OSError):
            points += read_records(attempt / METRICS)
    return points


def log_tail(folder: JobFolder) -> str:
    """The last lines of the newest attempt's log, at most 20,000 bytes."""
    attempts = folder.attempts()
    if not attempts:
        return ""
    try:
        with open(attempts[-1] / LOG, "rb") as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - _LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def request_cancel(folder: JobFolder) -> None:
    """Ask the job's worker to stop at its next step; what it finished stays in the checkpoints.

    Raises InputError where no worker has the job.
    """
    state = job_state(folder)
    if not state.status.active:
        raise InputError(
            "There is nothing to cancel.",
            expected="a run that is waiting or running",
            found=f"{folder.job_id} is {state.status}",
            hint="see: rebracket runs",
        )
    private_touch(folder.attempts()[-1] / CANCEL)


def _status(attempt: Path | None, *, progress: dict[str, Any], result: dict[str, Any]) -> Status:
    if attempt is None:
        return Status.CREATED
    if result:
        return Status(result.get("status", Status.FAILED))
    if _held(attempt / LOCK):
        return Status.QUEUED if progress.get("stage") == QUEUED_STAGE else Status.RUNNING
    lives = worker_lives(attempt)
    if lives is None:
        lives = time.time() - attempt.stat().st_mtime < STARTING_S
    if result := _json(attempt / RESULT):  # it ended between the looks
        return Status(result.get("status", Status.FAILED))
    return Status.STARTING if lives and not progress else Status.LOST


def _held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    if not path.exists():
        return False
    lock = lock_file(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
