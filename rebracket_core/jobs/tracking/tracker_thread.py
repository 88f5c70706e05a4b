"""A job reported to a tracker on a thread of its own: one that hangs or fails costs the job nothing but a note."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rebracket_core.aliases import with_old_names
from rebracket_core.errors import MissingExtraError
from rebracket_core.files import write_json
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.tracking.trackers import Numbers, Tracker, open_tracker
from rebracket_core.settings import Settings

logger = logging.getLogger(__name__)

TRACKED = "tracker.json"
_TAGS = ("run_id", "dataset", "dataset_digest", "encoder_id", "code_version")
_END_WAIT_S = 30.0
_MOST_WAITING = 50_000
Log = Callable[[str], None]
Scores = Callable[[JobFolder], Numbers]


@contextmanager
def reported_to_tracker(
    folder: JobFolder, *, attempt: Path, settings: Settings, log: Log, scores: Scores
) -> Iterator[Callable[[Mapping[str, Any]], None] | None]:
    """Report the block's points and end to the tracker of the settings; yields what takes a point, None without a tracker."""
    if not settings.tracker:
        yield None
        return
    thread, done = TrackerThread(folder, attempt=attempt, settings=settings, log=log), False
    try:
        yield thread.point
        done = True
    finally:
        thread.end(scores(folder), done=done)


class TrackerThread:
    """One attempt's way to a tracker. No call raises or waits, but `end`, which waits at most half a minute."""

    def __init__(self, folder: JobFolder, *, attempt: Path, settings: Settings, log: Log) -> None:
        self._folder, self._attempt, self._settings, self._log = folder, attempt, settings, log
        self._work: queue.Queue[Callable[[Tracker], None] | None] = queue.Queue(maxsize=_MOST_WAITING)
        self._step = 0
        self._error = ""
        self._where = ""
        self._thread = threading.Thread(target=self._serve, name="tracker", daemon=True)
        self._thread.start()

    def point(self, values: Mapping[str, Any]) -> None:
        """Report one point of the curves; what is no number is left out."""
        self._step += 1
        step, prefix = self._step, "fold" if "loss" in values else "unseen"
        numbers = {f"{prefix}/{key}": float(value) for key, value in values.items() if _is_number(value)}
        self._put(lambda tracker: tracker.point(numbers, step=step))

    def end(self, scores: Numbers, *, done: bool) -> None:
        """Report the final scores and wait until all is sent; what became of it stands in `tracker.json`."""
        texts = {"run_folder": str(self._folder.path)}
        self._put(lambda tracker: tracker.end(scores, texts=texts, done=done))
        self._put(None)
        self._thread.join(timeout=_END_WAIT_S)
        if self._thread.is_alive() and not self._error:
            self._fail(f"it did not answer within {_END_WAIT_S:.0f} s")
        self._keep()

    def _put(self, work: Callable[[Tracker], None] | None) -> None:
        if self._error:
            return
        try:
            self._work.put_nowait(work)
        except queue.Full:
            self._fail("it is too slow for what it is sent")

    def _serve(self) -> None:
        try:
            spec = self._folder.spec()
            tags = {name: str(spec.get(name, "")) for name in _TAGS}
            tracker = open_tracker(self._settings, run_id=self._folder.run_id, params=with_old_names(spec["config"]), tags=tags)
            self._where = tracker.where
            self._keep()
            self._log(f"Tracked with {self._settings.tracker}: {self._where}")
            while (work := self._work.get()) is not None:
                work(tracker)
        except Exception as cause:  # whatever a foreign library raises: it is logged, and the job goes on
            self._fail(cause.hint if isinstance(cause, MissingExtraError) else f"{type(cause).__name__}: {cause}")

    def _fail(self, why: str) -> None:
        self._error = " ".join(why.split())[:500]
        try:
            self._log(f"The tracker {self._settings.tracker} failed, the training goes on without it: {self._error}")
            self._keep()
        except OSError as cause:
            logger.error("The tracker's failure cannot be written: %s", cause)

    def _keep(self) -> None:
        try:
            write_json(self._attempt / TRACKED, {"tracker": self._settings.tracker, "where": self._where, "error": self._error})
        except OSError as cause:
            logger.error("What became of the tracker cannot be written: %s", cause)


def tracked(folder: JobFolder) -> dict[str, str]:
    """What became of the tracker in the newest attempt: `tracker`, `where`, `error`; empty without one."""
    attempts = folder.attempts()
    try:
        found: dict[str, str] = json.loads((attempts[-1] / TRACKED).read_text(encoding="utf-8")) if attempts else {}
        return found
    except (OSError, ValueError):
        return {}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
