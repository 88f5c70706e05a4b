"""What a launcher is: it starts workers somewhere and stops them; one registered class an executor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from rebracket_core.errors import InputError
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.job import DoneHook
from rebracket_core.jobs.state import job_state, request_cancel
from rebracket_core.settings import Settings


class Launcher(ABC):
    """Starts and stops workers in one place. The state of a job is never asked of its launcher: its folder has it.

    Members of `jobs.launchers.LAUNCHERS` are subclasses; whoever launches makes an instance for the settings of a home.

    Args:
        settings: the settings of the home.
        on_done: called by the worker once a job is through, see `JobInputs`.

    Attributes:
        name: what the field `place` of a spec says; stable.
        label: for people.
        help: one sentence.
        starts_at_once: whether `launch` starts a worker; no where it writes what people start themselves.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    starts_at_once: ClassVar[bool] = True

    def __init__(self, settings: Settings, *, on_done: DoneHook | None = None) -> None:
        self._settings = settings
        self._on_done = on_done

    @classmethod
    def is_configured(cls, settings: Settings) -> bool:
        """Whether the settings name what the launcher needs."""
        return True

    @classmethod
    def title(cls, settings: Settings) -> str:
        """The name for people to choose by, such as with an address."""
        return cls.label

    @abstractmethod
    def launch(self, folder: JobFolder) -> None:
        """Start a worker on a new attempt at the job, and return at once.

        Raises InputError where a worker has the job, it is finished, or its kind cannot run there.
        """

    def cancel(self, folder: JobFolder) -> None:
        """Ask the job's worker to stop, by a file in the attempt's folder. Raises InputError where there is none."""
        request_cancel(folder)


def check_startable(folder: JobFolder) -> None:
    """Raise InputError where a worker has the job, or it is finished."""
    state = job_state(folder)
    if not state.status.resumable:
        raise InputError(
            "The run cannot be started again.",
            expected="a run that no worker has and that is not finished",
            found=f"{folder.job_id} is {state.status}",
            hint="wait for it, or start a new one",
        )
