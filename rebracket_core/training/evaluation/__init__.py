"""How good a run is: figures with intervals, baselines, thresholds, comparisons, answers kept for review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.training.evaluation.assess import evaluate_run
    from rebracket_core.training.evaluation.compare import compare_runs
    from rebracket_core.training.evaluation.evaluate import Evaluation, HeldOutRows, evaluate_rows, held_out_verdicts

_HOMES = {
    "Evaluation": "evaluate",
    "HeldOutRows": "evaluate",
    "compare_runs": "compare",
    "evaluate_rows": "evaluate",
    "evaluate_run": "assess",
    "held_out_verdicts": "evaluate",
}
__all__ = ["Evaluation", "HeldOutRows", "compare_runs", "evaluate_rows", "evaluate_run", "held_out_verdicts"]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
