"""Runs of a shelf beside each other: their unseen rows are read and compared; nothing is trained or asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.runs.store import RunInfo, RunStore

if TYPE_CHECKING:
    from rebracket_core.training.evaluation.compare import Comparison, RunAnswers


def compare(shelf: RunStore, run_ids: Sequence[str], *, seed: int) -> list[Comparison]:
    """Each later run against the first. Raises ModelError for a run that is not there or kept no unseen rows."""
    from rebracket_core.training.evaluation.compare import compare_runs

    return compare_runs([answers_of(shelf, run_id) for run_id in run_ids], seed=seed)


def ranked(runs: Sequence[RunInfo]) -> list[RunInfo]:
    """The runs by how often their album is right on unseen groups, best first; then unmeasured ones, last leaked ones."""

    def rank(run: RunInfo) -> tuple[bool, bool, float]:
        right = (run.metrics.get("album") or {}).get("accuracy")
        return run.leaked, right is None, -float(right or 0.0)

    return sorted(runs, key=rank)


def answers_of(shelf: RunStore, run_id: str) -> RunAnswers:
    """A run as it enters a comparison. Raises ModelError for a run that is not there or kept no unseen rows."""
    from rebracket_core.stats.out_of_fold_rows import read_out_of_fold_rows
    from rebracket_core.training.evaluation.compare import RunAnswers

    info = shelf.info(run_id)
    facts: dict[str, Any] = {
        "data set": info.dataset,
        "data digest": info.dataset_digest,
        **{name: value for name, value in info.config.items() if name != "schema_version"},
        "encoder id": info.encoder_id,
    }
    return RunAnswers(run_id=run_id, rows=read_out_of_fold_rows(shelf.folder_of(run_id).path), leaked=info.leaked, config=facts)
