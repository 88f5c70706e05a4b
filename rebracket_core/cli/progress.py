"""How far long work is, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rebracket_core.progress import CallingReporter, NoProgress, ProgressReporter

_LINE_EVERY_S = 5.0


@contextmanager
def showing(*, shown: bool = True) -> Iterator[ProgressReporter]:
    """A progress reporter for the `with` block; on a terminal its bar is wiped away at the end."""
    if not shown:
        yield NoProgress()
    elif sys.stderr.isatty():
        with _bars() as progress:
            yield progress
    else:
        yield _lines()


def _lines() -> ProgressReporter:
    stage_now, shown_s = "", 0.0

    def show(stage: str, done: int, total: int) -> None:
        nonlocal stage_now, shown_s
        now = time.monotonic()
        if stage == stage_now and now - shown_s < _LINE_EVERY_S:
            return
        stage_now, shown_s = stage, now
        count = f" {done:,}/{total:,}" if total > 1 else f" {done:,}" if done > 1 else ""
        print(f"{stage}{count}", file=sys.stderr, flush=True)

    return CallingReporter(show)


@contextmanager
def _bars() -> Iterator[ProgressReporter]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bars, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield CallingReporter(show)
