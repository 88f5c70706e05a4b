"""How far a long work is: one shape for everyone who reports it, and for everyone who listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class ProgressReporter(Protocol):
    """Who is told how far a work is. A call may raise to stop the work there, such as `training.Cancelled`."""

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """`done` of `total` parts of a stage are through; `message` says more where there is more to say."""


class NoProgress:
    """A reporter that tells nobody."""

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """Do nothing."""


class CallingReporter:
    """A reporter that calls a function of stage, done and total, which is what commands and pages hand in."""

    def __init__(self, report: Callable[[str, int, int], None]) -> None:
        self._report = report

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """Call the function; the message has no place in it."""
        self._report(stage, done, total)


def reporter_of(report: Callable[[str, int, int], None] | None) -> ProgressReporter:
    """The reporter that calls a function, or one that tells nobody where there is none."""
    return CallingReporter(report) if report is not None else NoProgress()


def counts(reporter: ProgressReporter, stage: str) -> Callable[[int, int], None]:
    """A function of done and total that reports one stage: what encoders and readers are handed."""
    return lambda done, total: reporter.update(stage, done, total)
