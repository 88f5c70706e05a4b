"""One training a device at a time, first come, first served."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from rebracket_core.files import lock_file
from rebracket_core.jobs.attempt_callback import AttemptCallback
from rebracket_core.jobs.state import QUEUED_STAGE, Status, run_states

_POLL_S = 0.25


@contextmanager
def device_turn(runs: Path, *, device: str, run_id: str, callback: AttemptCallback) -> Iterator[None]:
    """Hold the device while inside; waits until the run before is through, and can be cancelled while waiting.

    Of the runs that wait, the one that was made first goes first; a search, which is no run, lets all of them go first.
    """
    lock = lock_file(runs / f".device-{device.replace(':', '-')}.lock")
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            callback.update(QUEUED_STAGE, 0, 1)
        else:
            if _first(runs, run_id):
                break
            lock.release()
            callback.update(QUEUED_STAGE, 0, 1)
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.release()


def _first(runs: Path, run_id: str) -> bool:
    waiting = [s for s in run_states(runs) if s.status is Status.QUEUED and s.run_id != run_id]
    mine = next((s for s in run_states(runs) if s.run_id == run_id), None)
    if mine is None:
        return not waiting
    return all((s.created_at, s.run_id) > (mine.created_at, run_id) for s in waiting)
