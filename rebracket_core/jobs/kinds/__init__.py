"""The kinds of jobs, and which one a job is of."""

from __future__ import annotations

from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.kinds.base import JobKind
from rebracket_core.jobs.kinds.map import MapJob, create_map, maps_dir, open_for_map
from rebracket_core.jobs.kinds.search import SearchJob, create_search, plan_of
from rebracket_core.jobs.kinds.training import TrainingJob
from rebracket_core.registry import Registry

__all__ = ["JOB_KINDS", "JobKind", "create_map", "create_search", "kind_of", "maps_dir", "open_for_map", "plan_of"]

JOB_KINDS: Registry[JobKind] = Registry("kind of job", JobKind, group="rebracket.jobs")
"""The kinds of jobs. Other packages add theirs by entry points of the group "rebracket.jobs"."""

for _kind in (TrainingJob, SearchJob, MapJob):
    JOB_KINDS.register(_kind)


def kind_of(folder: JobFolder) -> JobKind:
    """The kind of a job; where its spec names none, it is of an earlier version: a map, or else a training.

    Raises InputError for a kind that is not registered here, ModelError where the spec cannot be read.
    """
    spec = folder.spec()
    if "kind" in spec:
        return JOB_KINDS.get(str(spec["kind"]))
    return next((kind for kind in JOB_KINDS if kind.recognises(spec)), JOB_KINDS.get(TrainingJob.name))
