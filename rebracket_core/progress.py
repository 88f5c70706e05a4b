"""How far a long work is: one shape for everyone who reports it and everyone who shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

StepCounter = Callable[[int, int], None]
"""A function of items done and items in all, for work of one stage; `counts` makes one of a reporter."""


class ProgressReporter(Protocol):
    """Hears how far a work is. A call may raise to stop the work there, such as `training.Cancelled`."""

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """`done` of `total` parts of a stage are through; `message` says more where there is more to say."""


class NoProgress:
    """A reporter that drops what it hears."""

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """Do nothing."""


class CallingReporter:
    """A reporter that calls a function of stage, done and total, as commands and pages show it."""

    def __init__(self, report: Callable[[str, int, int], None]) -> None:
        self._report = report

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        """Call the function; the message has no place in it."""
        self._report(stage, done, total)


def reporter_of(report: Callable[[str, int, int], None] | None) -> ProgressReporter:
    """The reporter that calls a function, or one that drops what it hears where there is none."""
    return CallingReporter(report) if report is not None else NoProgress()


def counts(reporter: ProgressReporter, stage: str) -> StepCounter:
    """A function of done and total that reports one stage: what encoders and readers are handed."""
    return lambda done, total: reporter.update(stage, done, total)
