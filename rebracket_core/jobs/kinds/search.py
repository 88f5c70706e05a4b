"""A search as a job: a folder like a run's, below `searches/`, worked on by the same workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rebracket_core.corpus.schema import DatasetMeta
from rebracket_core.encoders import Encoder, device_name, open_encoder
from rebracket_core.jobs.attempt import asked_dataset, run_attempt
from rebracket_core.jobs.attempt_callback import AttemptCallback
from rebracket_core.jobs.device_queue import device_turn
from rebracket_core.jobs.folder import RunFolder, create_run
from rebracket_core.progress import counts
from rebracket_core.settings import Settings
from rebracket_core.training.callbacks import Callback
from rebracket_core.training.hpo.rows import SearchRows
from rebracket_core.training.hpo.search import SearchPlan, run_search

_KIND = "search"


def create_search(searches: Path, *, meta: DatasetMeta, plan: SearchPlan, encoder_id: str) -> RunFolder:
    """A new folder of a search with its spec; nothing is tried yet."""
    more = {"kind": _KIND, "search": plan.to_dict()}
    return create_run(searches, meta=meta, config=plan.base, encoder_id=encoder_id, more=more)


def is_search(folder: RunFolder) -> bool:
    """Whether the folder is that of a search, not of a run."""
    return folder.spec().get("kind") == _KIND


def plan_of(folder: RunFolder) -> SearchPlan:
    """What a search was asked to do."""
    return SearchPlan.from_dict(folder.spec()["search"])


def execute_search(
    folder: RunFolder,
    *,
    attempt: Path,
    settings: Settings,
    open_with: Callable[[str], Encoder] | None = None,
    echo: Callable[[str, int, int], None] | None = None,
) -> Mapping[str, Any]:
    """Go through the trials that are left, in this process, and give what was found.

    The device is held for one trial at a time, so that a training never waits for a whole search.
    """

    def work(callback: AttemptCallback) -> Mapping[str, Any]:
        def turn(_: Callback) -> AbstractContextManager[None]:
            return device_turn(settings.runs, device=device_name(settings), run_id=folder.run_id, callback=callback)

        plan = plan_of(folder)
        dataset = asked_dataset(folder, settings=settings)
        rows = SearchRows(
            dataset.frame,
            base=plan.base,
            space=plan.space,
            open_encoder=open_with or (lambda name: open_encoder(name, settings=settings)),
            progress=counts(callback, "Reading texts"),
        )
        return run_search(dataset, plan=plan, rows=rows, folder=folder.path, callback=callback, turn=turn)

    return run_attempt(folder, attempt=attempt, callback=AttemptCallback(attempt, echo=echo), work=work)
