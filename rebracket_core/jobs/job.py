"""A job that runs: its folder and attempt, and what whoever runs it hands in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import ConfigError
from rebracket_core.jobs.attempt_callback import AttemptCallback
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.progress import ProgressReporter
from rebracket_core.settings import Settings

if TYPE_CHECKING:
    from rebracket_core.encoders import Encoder

DoneHook = Callable[[JobFolder, Settings], None]
"""What is called once a job is through, before it counts as done, such as `runs.production.promote_first`."""


@dataclass(frozen=True, slots=True)
class JobInputs:
    """What whoever runs a job may hand in. A worker process has an `on_done` at most, and opens encoders itself.

    Attributes:
        open_encoder: opens an encoder by its name (a map: by name and layer); None where the job opens its own.
        progress: takes how far the job is, beside its folder.
        on_done: see `DoneHook`.
    """

    open_encoder: Callable[..., Encoder] | None = None
    progress: ProgressReporter | None = None
    on_done: DoneHook | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at a job, as its kind is given it to run.

    Attributes:
        folder: the job's folder; what it makes goes there.
        attempt: the folder of this attempt, held by this process.
        settings: the settings of the home.
        callback: takes progress, points of curves and log lines, and raises Cancelled once somebody cancelled the job.
        inputs: what whoever runs the job handed in.
    """

    folder: JobFolder
    attempt: Path
    settings: Settings
    callback: AttemptCallback
    inputs: JobInputs

    @property
    def spec(self) -> dict[str, Any]:
        """The description of the job."""
        return self.folder.spec()


def hook_name(hook: DoneHook) -> str:
    """The name ("module:function") by which a worker process finds a hook. Raises ConfigError for one without such a name."""
    name = f"{hook.__module__}:{getattr(hook, '__qualname__', '')}"
    if hook.__module__ == "__main__" or not name.partition(":")[2].isidentifier():
        raise ConfigError(
            "A worker could not find this hook.",
            expected="a function at the top of a module that can be imported",
            found=name,
            hint="move it into a module",
        )
    return name


def hook_named(name: str) -> DoneHook:
    """The hook of a name that `hook_name` gave. Raises ConfigError where there is none."""
    module, _, function = name.partition(":")
    try:
        hook: DoneHook = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as cause:
        raise ConfigError(
            "The hook of the job cannot be found.", expected="module:function", found=name, hint="launch the job again"
        ) from cause
    return hook
