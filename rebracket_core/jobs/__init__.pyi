from rebracket_core.jobs.attempt import run_job as run_job
from rebracket_core.jobs.folder import SPEC as SPEC, JobFolder as JobFolder, create_job as create_job, now as now
from rebracket_core.jobs.job import DoneHook as DoneHook, Job as Job, JobInputs as JobInputs
from rebracket_core.jobs.kinds import JOB_KINDS as JOB_KINDS, JobKind as JobKind, kind_of as kind_of
from rebracket_core.jobs.kinds.training import create_run as create_run
from rebracket_core.jobs.launchers import LAUNCHERS as LAUNCHERS, Launcher as Launcher
from rebracket_core.jobs.launchers.local import LocalLauncher as LocalLauncher
from rebracket_core.jobs.state import (
    RESULT as RESULT,
    JobState as JobState,
    Status as Status,
    job_state as job_state,
    job_states as job_states,
    log_tail as log_tail,
    metric_points as metric_points,
    request_cancel as request_cancel,
)
