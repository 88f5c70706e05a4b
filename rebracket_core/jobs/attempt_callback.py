"""The callback of an attempt: it writes progress, points of curves and log lines, and stops the work once it is cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rebracket_core.files import write_json
from rebracket_core.jobs.folder import now
from rebracket_core.jobs.state import CANCEL, LOG, METRICS, PROGRESS
from rebracket_core.progress import NoProgress, ProgressReporter
from rebracket_core.records import append_lines, append_records
from rebracket_core.training import Cancelled, CurveCallback

_EVERY_S = 0.2


class AttemptCallback(CurveCallback):
    """A callback of trainings and a `progress.ProgressReporter`: it writes into the attempt's folder and reports to a listener.

    `update`, `point` and `check` raise Cancelled once the file `cancel` is there.
    """

    def __init__(self, attempt: Path, *, listener: ProgressReporter | None = None) -> None:
        self.on_point: Callable[[Mapping[str, Any]], None] | None = None  # who else takes each point: a tracker
        self._attempt = attempt
        self._listener = listener or NoProgress()
        self._stage = ""
        self._began_s = 0.0
        self._wrote_s = 0.0

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """Report how far a stage is; written at most five times a second, the first and the last report always."""
        self.check()
        moment = time.monotonic()
        if stage != self._stage:
            self._stage, self._began_s = stage, moment
            self.log(stage)
        elif done < total and moment - self._wrote_s < _EVERY_S:
            return
        self._wrote_s = moment
        spent = moment - self._began_s
        left = spent / done * (total - done) if done > 0 else None
        write_json(self._attempt / PROGRESS, {"stage": stage, "done": done, "total": total, "left_s": left, "at": now()})
        if message:
            self.log(message)
        self._listener.update(stage, done, total, message=message)

    def point(self, values: Mapping[str, Any]) -> None:
        """Add one point to the curves of the job."""
        self.check()
        append_records(self._attempt / METRICS, [{"at": now(), **values}], lasting=False)
        if self.on_point:
            self.on_point(values)

    def log(self, line: str) -> None:
        """Add one line to the log."""
        append_lines(self._attempt / LOG, [f"{now()} {line}"])

    def check(self) -> None:
        """Raise Cancelled where somebody requested it."""
        if (self._attempt / CANCEL).exists():
            raise Cancelled("The job was cancelled.")
