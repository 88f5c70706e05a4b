"""The launchers: where jobs can run."""

from __future__ import annotations

from rebracket_core.jobs.launchers.base import Launcher
from rebracket_core.jobs.launchers.dstack import DstackLauncher
from rebracket_core.jobs.launchers.local import LocalLauncher
from rebracket_core.jobs.launchers.ray import RayLauncher
from rebracket_core.registry import Registry

__all__ = ["LAUNCHERS", "Launcher"]

LAUNCHERS: Registry[type[Launcher]] = Registry("launcher", type, group="rebracket.launchers")
"""The classes of launchers. Other packages add theirs by entry points of the group "rebracket.launchers"."""

for _launcher in (LocalLauncher, RayLauncher, DstackLauncher):
    LAUNCHERS.register(_launcher)
