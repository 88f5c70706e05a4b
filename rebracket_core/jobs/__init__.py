"""Long work outside the page: job folders, kinds of jobs, workers, launchers, progress, cancel and resume."""

from rebracket_core.jobs.folder import JobFolder, create_job
from rebracket_core.jobs.job import DoneHook, Job, JobInputs
from rebracket_core.jobs.kinds import JOB_KINDS, JobKind, kind_of
from rebracket_core.jobs.kinds.training import create_run
from rebracket_core.jobs.launchers import LAUNCHERS, Launcher
from rebracket_core.jobs.launchers.local import LocalLauncher
from rebracket_core.jobs.state import JobState, Status, job_state, job_states, log_tail, metric_points, request_cancel

__all__ = [
    "JOB_KINDS",
    "LAUNCHERS",
    "DoneHook",
    "Job",
    "JobFolder",
    "JobInputs",
    "JobKind",
    "JobState",
    "Launcher",
    "LocalLauncher",
    "Status",
    "create_job",
    "create_run",
    "job_state",
    "job_states",
    "kind_of",
    "log_tail",
    "metric_points",
    "request_cancel",
]
