"""The launcher of this machine."""

from __future__ import annotations

from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.launchers.base import Launcher, check_startable
from rebracket_core.jobs.workers.process import start_worker


class LocalLauncher(Launcher):
    """Workers on this machine, each a process of its own that outlives the page and the server that started it."""

    name = "here"
    label = "This machine"
    help = "A process on this machine that goes on when the page is closed."

    def launch(self, folder: JobFolder) -> None:
        """Start a worker process, or give the attempt to the warm worker; returns at once."""
        check_startable(folder)
        start_worker(folder, settings=self._settings, on_done=self._on_done)
