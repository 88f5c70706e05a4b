"""Where a run's worker is started: one contract, and the launcher of this machine."""

from __future__ import annotations

from typing import Protocol

from rebracket_core.errors import InputError
from rebracket_core.jobs.folder import RunFolder
from rebracket_core.jobs.state import request_cancel, run_state
from rebracket_core.jobs.workers.process import TRAINER, start_worker
from rebracket_core.settings import Settings


class Launcher(Protocol):
    """Starts and stops workers. What a run is doing is never asked of the launcher: its folder says it."""

    def launch(self, folder: RunFolder) -> None:
        """Start a worker on a new attempt at the run; InputError where a worker has it already."""

    def cancel(self, folder: RunFolder) -> None:
        """Ask the run's worker to stop; InputError where there is none."""


class LocalLauncher:
    """Workers on this machine, each a process of its own that outlives the page and the server that started it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def launch(self, folder: RunFolder) -> None:
        """Start `python -m rebracket_core.jobs.workers.worker` on a new attempt; returns at once."""
        refuse_unless_startable(folder)
        start_worker(TRAINER, folder, attempt=folder.new_attempt(), settings=self._settings)

    def cancel(self, folder: RunFolder) -> None:
        """Leave the word in the attempt's folder; the worker reads it at its next step."""
        request_cancel(folder)


def refuse_unless_startable(folder: RunFolder) -> None:
    """Nothing, or an InputError where a worker has the run or it is finished."""
    state = run_state(folder)
    if not state.status.resumable:
        raise InputError(
            "The run cannot be started again.",
            expected="a run that is not being trained and not finished",
            found=f"{folder.run_id} is {state.status}",
            hint="wait for it, or train a new run",
        )
