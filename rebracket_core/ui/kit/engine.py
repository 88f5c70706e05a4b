"""The workbench that every page calls: one for the whole process."""

from __future__ import annotations

from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench, get_workbench


def bench() -> Workbench:
    """The process's workbench for the settings of the environment; opened once and shared by all sessions."""
    return get_workbench(Settings.from_env())
