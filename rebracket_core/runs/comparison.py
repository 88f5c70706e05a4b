"""Runs beside each other: their held-out rows are read and compared; nothing is trained or predicted again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.runs.store import RunInfo, RunStore

if TYPE_CHECKING:
    from rebracket_core.training.evaluation import Comparison, RunPredictions


def compare(store: RunStore, run_ids: Sequence[str], *, seed: int) -> list[Comparison]:
    """Each later run against the first. Raises ModelError for a run that is not there or kept no held-out rows."""
    from rebracket_core.training.evaluation import compare_runs

    return compare_runs([predictions_of(store, run_id) for run_id in run_ids], seed=seed)


def ranked(runs: Sequence[RunInfo]) -> list[RunInfo]:
    """The runs by their album accuracy on held-out groups, best first; then those of types alone, last leaked ones."""

    def rank(run: RunInfo) -> tuple[bool, bool, float, float]:
        accuracy, types = run.measured.album.accuracy, run.measured.types.headline
        return run.leaked, accuracy is None, -float(accuracy or 0.0), -float((types and types.value) or 0.0)

    return sorted(runs, key=rank)


def predictions_of(store: RunStore, run_id: str) -> RunPredictions:
    """The held-out predictions of a run. Raises ModelError for a run that is not there or kept no held-out rows."""
    from rebracket_core.stats import read_out_of_fold_predictions, read_out_of_fold_rows
    from rebracket_core.training.evaluation import RunPredictions

    info = store.info(run_id)
    facts: dict[str, Any] = {
        "data set": info.dataset,
        "data digest": info.dataset_digest,
        **{name: value for name, value in info.config.items() if name != "schema_version"},
        "encoder id": info.encoder_id,
    }
    folder = store.folder_of(run_id).path
    return RunPredictions(
        run_id=run_id,
        rows=read_out_of_fold_rows(folder),
        leaked=info.leaked,
        config=facts,
        predictions=read_out_of_fold_predictions(folder),
    )
