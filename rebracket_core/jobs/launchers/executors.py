"""Where runs can be worked on: this machine, and a Ray cluster where the settings name one."""

from __future__ import annotations

from rebracket_core.errors import ConfigError
from rebracket_core.jobs.folder import RunFolder
from rebracket_core.jobs.launchers.local import Launcher, LocalLauncher
from rebracket_core.settings import Settings

HERE, RAY = "here", "ray"
PLACE = "place"  # what the spec of a run calls it


def places(settings: Settings) -> dict[str, str]:
    """The places that can be chosen, with what they are called."""
    found = {HERE: "This machine"}
    return {**found, RAY: f"Ray cluster at {settings.ray_address}"} if settings.ray_address else found


def launcher_at(place: str, settings: Settings) -> Launcher:
    """The launcher of a place; a ConfigError where it is none, or is not configured."""
    if place == HERE:
        return LocalLauncher(settings)
    if place == RAY:
        from rebracket_core.jobs.launchers.ray import RayLauncher

        return RayLauncher(settings)
    raise ConfigError(
        "There is no such place to train.", expected=f"{HERE} or {RAY}", found=repr(place), hint="name one of them"
    )


def launcher_of(folder: RunFolder, settings: Settings) -> Launcher:
    """The launcher of the place that the run was made for, so that it is resumed where it was begun."""
    return launcher_at(str(folder.spec().get(PLACE, HERE)), settings)
