"""The executors that a home can use: this machine, a Ray cluster where the settings name one, and what plugins bring."""

from __future__ import annotations

from rebracket_core.errors import ConfigError
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.job import DoneHook
from rebracket_core.jobs.launchers import LAUNCHERS, Launcher
from rebracket_core.jobs.launchers.local import LocalLauncher
from rebracket_core.settings import Settings

LOCAL = LocalLauncher.name
EXECUTOR_FIELD = "place"  # the field of a spec that names the executor


def executors(settings: Settings) -> dict[str, str]:
    """The executors that can be chosen, by name, with their titles for people."""
    return {one.name: one.title(settings) for one in LAUNCHERS if one.starts_at_once and one.is_configured(settings)}


def launcher_for(executor: str, settings: Settings, *, on_done: DoneHook | None = None) -> Launcher:
    """The launcher of an executor. Raises ConfigError where there is none, or it is not configured."""
    able = {one.name: one for one in LAUNCHERS if one.starts_at_once}
    if executor not in able:
        raise ConfigError(
            "There is no such executor.", expected=" or ".join(able), found=repr(executor), hint="name one of them"
        )
    return able[executor](settings, on_done=on_done)


def launcher_of(folder: JobFolder, settings: Settings, *, on_done: DoneHook | None = None) -> Launcher:
    """The launcher of the executor that the job was made for, so that it is resumed where it was begun."""
    return launcher_for(str(folder.spec().get(EXECUTOR_FIELD, LOCAL)), settings, on_done=on_done)
