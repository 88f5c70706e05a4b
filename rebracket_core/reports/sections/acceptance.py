"""What the gate accepts, and how accurate that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebracket_core.insight.calibration import ALBUM, gate_curve, own_point, risk_coverage, top_predictions
from rebracket_core.reports import review_figures as figures
from rebracket_core.reports.sections.base import REVIEW_SECTIONS, Note, ReviewContext, ReviewSection, Table, review_of, run_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rebracket_core.insight.calibration import GatePoint, RiskCoverage

NO_VERDICTS = "This run gives no verdicts."


@REVIEW_SECTIONS.register
class Acceptance(ReviewSection):
    """Risk over coverage, with the gate on it."""

    name = "acceptance"
    label = "Accuracy when only the surest are accepted (risk–coverage)"
    help = "To the left only the surest texts are accepted; the gate's own place is marked, with intervals over whole groups."
    page = "confidence"

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note | Table]:
        """Make the curve, the gate's own place as a table, and the areas in a sentence."""
        review, seed = review_of(context), context.seed
        if not any(review.verdict):
            return [Note(NO_VERDICTS)]
        curve, own = risk_coverage(top_predictions(review, ALBUM), seed=seed), own_point(review, seed=seed)
        gate = gate_curve(review, run_of(context).limits)
        return [
            figures.coverage_figure(curve, gate=gate, own=own, leaked=review.leaked),
            Table([gate_row("as it is", own)], alt="What the gate accepts and how accurate that is"),
            Note(area_sentence(curve)),
        ]


def gate_row(name: str, point: GatePoint) -> dict[str, object]:
    """What a gate accepts, as a row of a table."""
    return {
        "gate": name,
        "accepted": _share(point.coverage, point.coverage_low, point.coverage_high),
        "texts": point.n_accepted,
        "accuracy of these": _share(point.right, point.right_low, point.right_high),
        "hybrids": f"{point.n_hybrid}, accuracy {point.hybrid_right:.2f}" if point.hybrid_right is not None else "none",
        "accuracy of the rejected": _share(point.rejected_right, None, None),
        "verdicts": ", ".join(f"{k.replace('_', ' ').lower()} {v}" for k, v in point.verdicts.items()),
    }


def area_sentence(curve: RiskCoverage) -> str:
    """The areas under the risk–coverage curve in a sentence."""
    area = "" if curve.augrc_low is None else f" ({curve.augrc_low:.3f} to {curve.augrc_high:.3f})"
    return (
        f"Mean share wrong over all coverages (AURC) {curve.aurc:.3f}. Accepted and wrong, over all coverages (AUGRC) "
        f"{curve.augrc:.3f}{area}; a random order {curve.augrc_random:.3f}, the best possible {curve.augrc_best:.3f}."
    )


def _share(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.2f}" + ("" if low is None or high is None else f" ({low:.2f} to {high:.2f})")
