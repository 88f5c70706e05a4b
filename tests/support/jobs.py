"""Jobs under test: waiting for a status, and finding and killing the worker process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from rebracket_core.jobs import JobFolder, Status, job_state, log_tail


def wait_for(folder: JobFolder, *wanted: Status, seconds: float = 90.0) -> Status:
    """The first of the wanted statuses that the job has; an AssertionError, with its log, where it gets another or none."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = job_state(folder).status
        if status in wanted:
            return status
        assert status.active or status is Status.LOST, f"{status}: {log_tail(folder)}"
        time.sleep(0.05)
    raise AssertionError(f"still {job_state(folder)} after {seconds} s:\n{log_tail(folder)}")


def worker_pid(folder: JobFolder) -> int:
    """The process that works on the job, found by its command line; a ProcessLookupError where there is none."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder.path).encode() in path.read_bytes():
                return int(path.parent.name)
        except OSError:
            continue
    raise ProcessLookupError("no worker")


def kill_worker(folder: JobFolder) -> bool:
    """Kill the job's worker (SIGKILL); whether it was there to be killed."""
    try:
        os.kill(worker_pid(folder), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
