"""Waiting for what one job at a time may have: a device for trainings, the one place for fitting maps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import Timeout

from rebracket_core.files import lock_file
from rebracket_core.jobs.state import QUEUED_STAGE, Status, job_states
from rebracket_core.progress import ProgressReporter

_POLL_S = 0.25


@contextmanager
def hold_lock(path: Path, *, reporter: ProgressReporter, may_go: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Hold a lock file while inside. Waiting is reported as `QUEUED_STAGE`, so it can be cancelled by the reporter.

    `may_go` is asked with the lock in hand; where it says no, others get the lock first.
    """
    lock = lock_file(path)
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            pass
        else:
            if may_go():
                break
            lock.release()
        reporter.update(QUEUED_STAGE, 0, 1)
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.release()


def hold_device(runs: Path, *, device: str, job_id: str, reporter: ProgressReporter) -> AbstractContextManager[None]:
    """Hold the device while inside; the job that was made first goes first, and waiting can be cancelled.

    A search, which is not below `runs`, lets all runs that wait go first.
    """
    path = runs / f".device-{device.replace(':', '-')}.lock"
    return hold_lock(path, reporter=reporter, may_go=lambda: _is_first(runs, job_id))


def _is_first(runs: Path, job_id: str) -> bool:
    states = job_states(runs)
    waiting = [s for s in states if s.status is Status.QUEUED and s.job_id != job_id]
    mine = next((s for s in states if s.job_id == job_id), None)
    if mine is None:
        return not waiting
    return all((s.created_at, s.job_id) > (mine.created_at, job_id) for s in waiting)
