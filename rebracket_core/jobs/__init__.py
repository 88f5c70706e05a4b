"""Long work outside the page: run folders, worker processes, launchers, progress, cancel and resume."""

from rebracket_core.jobs.attempt import execute
from rebracket_core.jobs.folder import RunFolder, create_run
from rebracket_core.jobs.launchers.local import Launcher, LocalLauncher
from rebracket_core.jobs.promotion import promote, promoted_id, roll_back, used_before
from rebracket_core.jobs.state import RunState, Status, log_tail, metric_points, request_cancel, run_state, run_states

__all__ = [
    "Launcher",
    "LocalLauncher",
    "RunFolder",
    "RunState",
    "Status",
    "create_run",
    "execute",
    "log_tail",
    "metric_points",
    "promote",
    "promoted_id",
    "request_cancel",
    "roll_back",
    "run_state",
    "run_states",
    "used_before",
]
