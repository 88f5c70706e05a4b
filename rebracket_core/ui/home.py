"""What to do next, from what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rebracket_core.corpus import DatasetMeta
from rebracket_core.runs import RunInfo
from rebracket_core.ui.concepts.sentences import units
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.train.run_summary import trained_on

_LEAST_GROUPS = 4  # fewer cannot be split into parts to learn from and to measure on


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: why, on which page, and the words of the link."""

    text: str
    page: str
    label: str


def next_steps(datasets: Sequence[DatasetMeta], runs: Sequence[RunInfo], *, promoted: RunInfo | None, kept: int) -> list[Step]:
    """One to three steps, the most needed first; never empty."""
    if not datasets and not runs:
        return [
            Step(
                "Bring texts in. The starter corpus takes one press; your own songs, proposals or tables work as well.",
                "import",
                "Import data",
            )
        ]
    if not runs:
        return [
            Step("Train a first model on what is imported.", "launch", "Train a model"),
            Step("See what the data can teach and what it cannot.", "audit", "Audit the data"),
        ]
    if promoted is None:
        return [Step("Promote the model that gives the verdicts.", "runs", "Choose a model")]
    steps = []
    if not kept:
        steps.append(Step("Ask for a first verdict.", "validate", "Validate a concept"))
    if promoted.starter and all(d.name == promoted.dataset for d in datasets):
        steps.append(
            Step(
                "The production model was trained on the starter corpus. Import your own songs to get verdicts about them.",
                "import",
                "Import data",
            )
        )
    known = {run.dataset_digest for run in runs}
    fresh = [d.name for d in datasets if d.digest not in known and d.n_groups >= _LEAST_GROUPS]
    if fresh:
        steps.append(Step(f"No model was trained on {', '.join(fresh[:3])} yet.", "launch", "Train on it"))
    return steps or [Step("Everything is in place. Validate concepts, one or many.", "validate", "Validate concepts")]


def model_facts(run: RunInfo) -> dict[str, str]:
    """What a run is, in a few rows, escaped for a table."""
    return {
        "Model": escape(run.run_id),
        "Trained on": escape(trained_on(run)),
        f"Album accuracy on held-out {units(run.origins)}": escape(run.measured.album),
    }
