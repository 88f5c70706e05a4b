"""How good a run is on held-out texts, beside what simpler rules reach."""

from __future__ import annotations

from collections.abc import Sequence

from rebracket_core.reports.sections.base import REVIEW_SECTIONS, Need, ReviewContext, ReviewSection, Table, run_of
from rebracket_core.runs import AccuracyScore


@REVIEW_SECTIONS.register
class Scores(ReviewSection):
    """Accuracies of the album and the axes with intervals and baselines."""

    name = "scores"
    label = "Scores on held-out texts"
    help = "Accuracy with its 95 % interval over whole groups, beside what simple rules reach on the same texts."
    page = "confusion"
    needs = (Need.RUN,)

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Table]:
        """Make one table of the run's own figures."""
        scores = run_of(context).measured.scores
        return [Table([_row(name, score) for name, score in scores.items()], alt="Accuracies with intervals and baselines")]


def _row(name: str, score: AccuracyScore) -> dict[str, object]:
    return {
        "question": name,
        "accuracy": _rounded(score.accuracy),
        "low": _rounded(score.low),
        "high": _rounded(score.high),
        "texts": score.n,
        "groups": score.n_groups,
        "commonest label": _rounded(score.majority),
        "lookup of seen texts": _rounded(score.lookup),
        "TF-IDF": _rounded(score.tfidf_lr),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
