"""What a worker tells the world while it trains: progress, points of curves, log lines; and what it listens for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rebracket_core.files import write_json
from rebracket_core.jobs.folder import now
from rebracket_core.jobs.state import CANCEL, LOG, METRICS, PROGRESS
from rebracket_core.progress import reporter_of
from rebracket_core.records import append_lines, append_records
from rebracket_core.training.callbacks import Cancelled, CurveCallback

_EVERY_S = 0.2


class AttemptCallback(CurveCallback):
    """The callback of one attempt: it writes progress, points and log lines into the attempt's folder.

    Raises Cancelled from any of its calls once the file `cancel` is there.
    """

    def __init__(self, attempt: Path, *, echo: Callable[[str, int, int], None] | None = None) -> None:
        self.tell_point: Callable[[Mapping[str, Any]], None] | None = None  # who else is told of each point
        self._attempt = attempt
        self._echo = reporter_of(echo)
        self._stage = ""
        self._began_s = 0.0
        self._wrote_s = 0.0

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """Say how far a stage is; written at most five times a second, its first and last word always."""
        self.check()
        moment = time.monotonic()
        if stage != self._stage:
            self._stage, self._began_s = stage, moment
            self.say(stage)
        elif done < total and moment - self._wrote_s < _EVERY_S:
            return
        self._wrote_s = moment
        spent = moment - self._began_s
        left = spent / done * (total - done) if done > 0 else None
        write_json(self._attempt / PROGRESS, {"stage": stage, "done": done, "total": total, "left_s": left, "at": now()})
        self._echo.update(stage, done, total, message=message)

    def point(self, values: Mapping[str, Any]) -> None:
        """Add one point to the curves of the run."""
        self.check()
        append_records(self._attempt / METRICS, [{"at": now(), **values}], lasting=False)
        if self.tell_point:
            self.tell_point(values)

    def say(self, line: str) -> None:
        """Add one line to the log."""
        append_lines(self._attempt / LOG, [f"{now()} {line}"])

    def check(self) -> None:
        """Raise Cancelled where somebody asked for it."""
        if (self._attempt / CANCEL).exists():
            raise Cancelled("The training was cancelled.")
