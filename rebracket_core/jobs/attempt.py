"""One attempt at a run, in this process: hold the lock, wait for the device, train, write how it ended."""

from __future__ import annotations

import errno
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import Timeout

from rebracket_core.corpus import Dataset, Library
from rebracket_core.encoders import Encoder, device_name, open_encoder
from rebracket_core.errors import DataError, InputError, RebracketError, StoreError
from rebracket_core.files import lock_file, write_bytes, write_json
from rebracket_core.jobs.attempt_callback import AttemptCallback
from rebracket_core.jobs.device_queue import device_turn
from rebracket_core.jobs.folder import RunFolder
from rebracket_core.jobs.promotion import gives_verdicts, promote, promoted_id
from rebracket_core.jobs.state import LOCK, RESULT, Status
from rebracket_core.jobs.tracking.tracker_thread import Tracking
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled, Evaluation, TrainingConfig, train_run

T = TypeVar("T")
logger = logging.getLogger(__name__)

_RESERVE = "reserve"
_RESERVE_BYTES = 64 * 1024  # room for the last word of a run that filled the disk
_LOCK_WAIT_S = 5.0


def execute(
    folder: RunFolder,
    *,
    attempt: Path,
    settings: Settings,
    open_with: Callable[[str], Encoder] | None = None,
    echo: Callable[[str, int, int], None] | None = None,
) -> Evaluation:
    """Train the run in this process and give its evaluation; the first run of a home that can judge is promoted.

    However it ends, `result.json` says so, and the error is raised again: Cancelled, or what went wrong.
    """

    def work(callback: AttemptCallback) -> Evaluation:
        with device_turn(settings.runs, device=device_name(settings), run_id=folder.run_id, callback=callback):
            evaluation = _train(folder, settings=settings, open_with=open_with, callback=callback)
        promote_first(settings.runs, folder)
        return evaluation

    callback = AttemptCallback(attempt, echo=echo)
    with told_to_tracker(folder, attempt=attempt, settings=settings, callback=callback):
        return run_attempt(folder, attempt=attempt, callback=callback, work=work)


@contextmanager
def told_to_tracker(
    folder: RunFolder, *, attempt: Path, settings: Settings, callback: AttemptCallback
) -> Iterator[Callable[[Mapping[str, Any]], None] | None]:
    """Tell the tracker of the settings, if there is one, of the block's points and end; gives what takes a point."""
    if not settings.tracker:
        yield None
        return
    tracking = Tracking(folder, attempt=attempt, settings=settings, say=callback.say)
    callback.tell_point, done = tracking.point, False
    try:
        yield tracking.point
        done = True
    finally:
        tracking.end(done=done)


def run_attempt(folder: RunFolder, *, attempt: Path, callback: AttemptCallback, work: Callable[[AttemptCallback], T]) -> T:
    """What `work` gives, done while this process holds the attempt; however it ends, `result.json` says so."""
    lock = lock_file(attempt / LOCK)
    try:
        lock.acquire(timeout=_LOCK_WAIT_S)
    except Timeout as cause:
        raise InputError(
            "The run is being trained already.",
            expected="one worker for one attempt",
            found=f"another process holds {folder.run_id}",
            hint="wait for it, or cancel it",
        ) from cause
    try:
        callback.update("Starting", 0, 1)
        write_bytes(attempt / _RESERVE, b"\0" * _RESERVE_BYTES)
        done = work(callback)
        _end(attempt, callback, {"status": Status.DONE})
        return done
    except BaseException as cause:
        _end(attempt, callback, _ending(cause), trace="" if isinstance(cause, Cancelled) else traceback.format_exc())
        raise
    finally:
        lock.release()


def promote_first(runs: Path, folder: RunFolder) -> None:
    """Nothing; the run is put to use where none is and it can judge."""
    if promoted_id(runs) is None and gives_verdicts(folder):
        promote(runs, folder.run_id)


def asked_dataset(folder: RunFolder, *, settings: Settings) -> Dataset:
    """The data set of the run's spec; a DataError where it has changed since the run was made."""
    spec = folder.spec()
    dataset = Library(settings.library).joined(spec["dataset"])
    if dataset.meta.digest != spec["dataset_digest"]:
        raise DataError(
            "The data set has changed since the run was made.",
            expected=f"{spec['dataset']} with the digest {spec['dataset_digest'][:16]}",
            found=dataset.meta.digest[:16],
            hint="train a new run on the data as it is now",
        )
    return dataset


def _train(
    folder: RunFolder, *, settings: Settings, open_with: Callable[[str], Encoder] | None, callback: AttemptCallback
) -> Evaluation:
    spec = folder.spec()
    config = TrainingConfig.from_dict(spec["config"])
    name = config.features.encoder
    encoder = open_with(name) if open_with else open_encoder(name, settings=settings)
    return train_run(
        asked_dataset(folder, settings=settings),
        config=config,
        encoder=encoder,
        folder=folder.path,
        thresholds=settings.thresholds,
        callback=callback,
        human=folder.human(config),
        settings=settings,
        notes=tuple(spec.get("notes", ())),
    )


def _ending(cause: BaseException) -> dict[str, str]:
    if isinstance(cause, Cancelled | KeyboardInterrupt | SystemExit):
        return {"status": Status.CANCELLED, "error": "It was cancelled.", "hint": "resume it to go on where it was"}
    if isinstance(cause, OSError) and cause.errno == errno.ENOSPC:
        return {"status": Status.FAILED, "error": "The disk is full.", "hint": "free some space and resume the run"}
    if isinstance(cause, MemoryError) or "out of memory" in str(cause).lower():
        return {
            "status": Status.FAILED,
            "error": "The memory is not enough.",
            "hint": "train with a smaller ensemble_size, fewer max_tfidf_terms or on a part of the data",
        }
    hint = cause.hint if isinstance(cause, RebracketError) else "see the end of the log"
    if type(cause) is RebracketError:  # what a far worker said, in its words
        return {"status": Status.FAILED, "error": cause.message, "hint": hint}
    return {"status": Status.FAILED, "error": f"{type(cause).__name__}: {cause}", "hint": hint}


def _end(attempt: Path, callback: AttemptCallback, result: dict[str, str], *, trace: str = "") -> None:
    (attempt / _RESERVE).unlink(missing_ok=True)
    try:
        write_json(attempt / RESULT, result)
        callback.say(trace or f"{result['status']}. {result.get('error', '')}".strip())
    except OSError as cause:  # without a result the run shows as lost, which is true and can be resumed
        logger.error("The end of the run cannot be written: %s", StoreError(str(cause), where=str(attempt)))
