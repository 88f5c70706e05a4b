"""What a run takes for what: label against prediction, and axes that fail together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebracket_core.insight.errors import Question, confused_pairs, confusion, joint_failures
from rebracket_core.reports import review_figures as figures
from rebracket_core.reports.sections.base import REVIEW_SECTIONS, Choice, Note, ReviewContext, ReviewSection, Table, review_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rebracket_core.insight.errors import Cells, Failure

MOST_PAIRS = 12


@REVIEW_SECTIONS.register
class Confusion(ReviewSection):
    """The confusion table of a question with its most frequent mistakes."""

    name = "confusion"
    label = "Label and prediction"
    help = "Each row is a true label: how many of its texts got which prediction, with intervals over whole groups."
    page = "confusion"
    choice = Choice(
        "what",
        "Question",
        tuple(str(question) for question in Question),
        {Question.JOINT: "all three axes at once", Question.VERDICT: "verdict", Question.TYPE: "rebracketing type"},
    )

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Table]:
        """Make the figure and, where rows and columns are the same names, the pairs confused most."""
        cells = confusion(review_of(context), Question(chosen), seed=context.seed)
        figure = figures.confusion_figure(cells, unit=context.unit, leaked=review_of(context).leaked)
        pairs = pair_rows(cells, unit=context.unit)
        return [figure, Table(pairs, alt="Pairs that are confused, the most frequent first")] if pairs else [figure]


def pair_rows(cells: Cells, *, unit: str) -> list[dict[str, object]]:
    """The pairs that are confused most as rows; none where rows and columns have different names."""
    return [
        {
            "label": p.truth,
            "prediction": p.answer,
            "texts": round(p.count, 1),
            "share of the label": round(p.share, 2),
            "range (95 %)": f"{p.low:.2f} to {p.high:.2f}",
            unit: p.n_groups,
        }
        for p in (confused_pairs(cells)[:MOST_PAIRS] if cells.square else ())
    ]


@REVIEW_SECTIONS.register
class JointFailures(ReviewSection):
    """Which axes are wrong on the same texts."""

    name = "joint"
    label = "Axes together"
    help = "Sets of axes that are wrong on the same texts, beside what would be if each failed for itself."
    page = "confusion"

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note | Table]:
        """Make the figure, its table and what the table means."""
        failures = joint_failures(review_of(context), seed=context.seed)
        if not failures:
            return [Note("No held-out text has one mode on every axis.")]
        return [
            figures.failures_figure(failures, leaked=review_of(context).leaked),
            Table([_row(f) for f in failures], alt="Sets of axes that are wrong together, and how sure the model was there"),
            Note(
                "Where axes fail and the album's probability is no lower than at “none”, the model does not know that it fails."
            ),
        ]


def _row(failure: Failure) -> dict[str, object]:
    return {
        "wrong axes": " + ".join(failure.axes) or "none",
        "texts": failure.count,
        "share": round(failure.share, 3),
        "range (95 %)": f"{failure.low:.3f} to {failure.high:.3f}",
        "if each for itself": round(failure.apart, 3),
        "mean probability of the album": None if failure.probability is None else round(failure.probability, 2),
    }
