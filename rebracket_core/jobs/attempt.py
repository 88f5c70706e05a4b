"""One attempt at a job of any kind, in this process: hold it, run it, and write how it ended, whatever happens."""

from __future__ import annotations

import errno
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import Timeout

from rebracket_core.errors import InputError, RebracketError, StoreError
from rebracket_core.files import lock_file, write_bytes, write_json
from rebracket_core.jobs.attempt_callback import AttemptCallback
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.job import Job, JobInputs
from rebracket_core.jobs.kinds import JobKind, kind_of
from rebracket_core.jobs.state import LOCK, RESULT, Status
from rebracket_core.jobs.tracking.tracker_thread import reported_to_tracker
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled

logger = logging.getLogger(__name__)

_RESERVE = "reserve"
_RESERVE_BYTES = 64 * 1024  # freed for the result of a job that filled the disk
_LOCK_WAIT_S = 5.0
_NO_INPUTS = JobInputs()


def run_job(
    folder: JobFolder,
    *,
    attempt: Path,
    settings: Settings,
    inputs: JobInputs = _NO_INPUTS,
    work: Callable[[Job], object] | None = None,
) -> object:
    """Run one attempt at a job in this process, and return what its kind made.

    However it ends, `result.json` says so, and what ended it is raised again: Cancelled, or what went wrong.

    Args:
        folder: the job.
        attempt: the folder of the attempt, see `JobFolder.new_attempt`.
        settings: the settings of the home.
        inputs: what this process hands in, see `JobInputs`.
        work: does the work in the kind's place, such as following it on a cluster.

    Raises:
        InputError: another process holds the attempt; nothing is written then.
    """
    callback = AttemptCallback(attempt, listener=inputs.progress)
    with ExitStack() as after, _held(folder, attempt=attempt), _ending_written(folder, attempt=attempt, callback=callback):
        kind = kind_of(folder)
        # The tracker ends after the result is written: nobody waits for it.
        callback.on_point = after.enter_context(
            reported_to_tracker(folder, attempt=attempt, settings=settings, log=callback.log, scores=kind.final_scores)
            if kind.is_tracked
            else _untracked()
        )
        job = Job(folder, attempt=attempt, settings=settings, callback=callback, inputs=inputs)
        made = (work or kind.run)(job)
        if inputs.on_done:
            inputs.on_done(folder, settings)
        return made


@contextmanager
def _untracked() -> Iterator[None]:
    yield None


@contextmanager
def _held(folder: JobFolder, *, attempt: Path) -> Iterator[None]:
    """Hold the attempt while inside. Raises InputError where another process does."""
    lock = lock_file(attempt / LOCK)
    try:
        lock.acquire(timeout=_LOCK_WAIT_S)
    except Timeout as cause:
        raise InputError(
            "The job is running already.",
            expected="one worker for one attempt",
            found=f"another process holds {folder.job_id}",
            hint="wait for it, or cancel it",
        ) from cause
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _ending_written(folder: JobFolder, *, attempt: Path, callback: AttemptCallback) -> Iterator[None]:
    """Write `result.json` and the last lines of the log when the block ends, and raise again what ended it."""
    try:
        callback.update("Starting", 0, 1)
        write_bytes(attempt / _RESERVE, b"\0" * _RESERVE_BYTES)
        yield
        _write_result(attempt, callback, result={"status": Status.DONE})
    except BaseException as cause:
        trace = "" if isinstance(cause, Cancelled) else traceback.format_exc()
        _write_result(attempt, callback, result=_result_of(cause, folder=folder), trace=trace)
        raise


def _write_result(attempt: Path, callback: AttemptCallback, *, result: dict[str, str], trace: str = "") -> None:
    (attempt / _RESERVE).unlink(missing_ok=True)
    try:
        write_json(attempt / RESULT, result)
        callback.log(trace or f"{result['status']}. {result.get('error', '')}".strip())
    except OSError as cause:  # without a result the job shows as lost, which is true and can be resumed
        logger.error("The end of the job cannot be written: %s", StoreError(str(cause), where=str(attempt)))


def _result_of(cause: BaseException, *, folder: JobFolder) -> dict[str, str]:
    kind = _kind_or_none(folder)
    if isinstance(cause, Cancelled | KeyboardInterrupt | SystemExit):
        hint = kind.cancelled_hint if kind else JobKind.cancelled_hint
        return {"status": Status.CANCELLED, "error": "It was cancelled.", "hint": hint}
    if isinstance(cause, OSError) and cause.errno == errno.ENOSPC:
        return {"status": Status.FAILED, "error": "The disk is full.", "hint": "free some space and resume the run"}
    if isinstance(cause, MemoryError) or "out of memory" in str(cause).lower():
        hint = kind.memory_hint if kind else JobKind.memory_hint
        return {"status": Status.FAILED, "error": "The memory is not enough.", "hint": hint}
    hint = cause.hint if isinstance(cause, RebracketError) else "see the end of the log"
    if type(cause) is RebracketError:  # what a remote worker reported, in its words
        return {"status": Status.FAILED, "error": cause.message, "hint": hint}
    return {"status": Status.FAILED, "error": f"{type(cause).__name__}: {cause}", "hint": hint}


def _kind_or_none(folder: JobFolder) -> JobKind | None:
    """The kind of a job that ended, None where that is what ended it."""
    try:
        return kind_of(folder)
    except RebracketError:
        return None
