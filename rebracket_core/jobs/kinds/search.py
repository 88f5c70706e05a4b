"""A search for training options: a job below `searches/`, whose spec has the plan beside the config that it starts from."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.jobs.device_queue import hold_device
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.job import Job
from rebracket_core.jobs.kinds.base import JobKind
from rebracket_core.jobs.kinds.pinned_data import pinned_dataset
from rebracket_core.jobs.kinds.training import create_training, training_spec

if TYPE_CHECKING:
    from rebracket_core.corpus import DatasetMeta
    from rebracket_core.training import Callback
    from rebracket_core.training.hpo import SearchPlan


class SearchJob(JobKind):
    """A search: one trial after the other, the best of them measured on groups that no trial had."""

    name = "search"
    label = "Search"
    help = "Try out training options one after the other, and keep which were best."
    stages = ("Reading texts",)
    memory_hint = "search with a smaller ensemble_size, fewer max_tfidf_terms or on a part of the data"
    runs_remotely = True

    def run(self, job: Job) -> Mapping[str, Any]:
        """Go through the trials that are left, and return what was found.

        The device is held for one trial at a time, so that a training never waits for a whole search.
        """
        from rebracket_core.encoders import device_name, open_text_encoder
        from rebracket_core.progress import counts
        from rebracket_core.training.hpo import SearchRows, run_search

        settings, callback = job.settings, job.callback

        def hold(_: Callback) -> AbstractContextManager[None]:
            return hold_device(settings.runs, device=device_name(settings), job_id=job.folder.job_id, reporter=callback)

        plan, spec = plan_of(job.folder), job.spec
        dataset = pinned_dataset(spec["dataset"], digest=spec["dataset_digest"], settings=settings)
        rows = SearchRows(
            dataset.frame,
            base=plan.base,
            space=plan.space,
            objective=plan.objective,
            open_encoder=job.inputs.open_encoder or (lambda name: open_text_encoder(name, settings=settings)),
            progress=counts(callback, "Reading texts"),
        )
        return run_search(dataset, plan=plan, rows=rows, folder=job.folder.path, callback=callback, guard=hold)


def create_search(searches: Path, *, meta: DatasetMeta, plan: SearchPlan, encoder_id: str) -> JobFolder:
    """Make a folder of a search with its spec; nothing is tried yet."""
    spec = training_spec(meta=meta, config=plan.base, encoder_id=encoder_id)
    return create_training(searches, spec={**spec, "kind": SearchJob.name, "search": plan.to_dict()}, config=plan.base)


def plan_of(folder: JobFolder) -> SearchPlan:
    """The plan of a search."""
    from rebracket_core.training.hpo import SearchPlan

    return SearchPlan.from_dict(folder.spec()["search"])
