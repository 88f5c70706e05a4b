"""Confidence on a page: do probabilities hold, what does caution buy, and what would other thresholds accept?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rebracket_core.errors import RebracketError
from rebracket_core.insight.calibration.acceptance import GatePoint, gate_curve, own_point, point_at
from rebracket_core.insight.calibration.confidence import ALBUM, answered, by_album, calibrated, ood_scores, risk_coverage
from rebracket_core.insight.review import Review
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.reports.review_figures import coverage_figure, distribution_figure, ood_figure, reliability_figure
from rebracket_core.runs.store import RunInfo
from rebracket_core.settings import Thresholds
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import error_box
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.review.review import unit_of
from rebracket_core.ui.threshold_inputs import threshold_inputs
from rebracket_core.workbench import Workbench


def question_control() -> str:
    """Draw which probability is looked at (in the address); album or an axis."""
    chosen = st.segmented_control(
        "Probability of the", [ALBUM, *AXIS_NAMES], default=ALBUM, required=True, key="confidence.what", bind="query-params"
    )
    return str(chosen or ALBUM)


def show_probabilities(run: RunInfo, review: Review, *, what: str, seed: int) -> None:
    """Draw the distribution, split by right and wrong, and the reliability with a perfect model's band."""
    told = answered(review, what)
    found = calibrated(told, seed=seed)
    accept = float(run.thresholds["accept"]) if what == ALBUM and "accept" in run.thresholds else None
    left, right = st.columns(2)
    with left:
        show(distribution_figure(told, what=what, accept=accept, leaked=review.leaked), key="confidence.distribution")
    with right:
        show(reliability_figure(found, what=what, leaked=review.leaked), key="confidence.reliability")
    verdict = (
        "A perfect model would look as far off by chance: nothing speaks against these probabilities."
        if found.p >= 0.05
        else "That is more than chance explains: do not read these probabilities as odds."
    )
    st.text(
        f"Mean probability {found.mean_probability:.2f}, right {found.right:.2f}, of {count(found.n, 'texts')} in "
        f"{count(found.n_groups, unit_of(run))}. Off by {found.error:.3f}; a perfect model {found.perfect:.3f} "
        f"(p {found.p:.3f}). {verdict}"
    )


def show_parts(review: Review, *, seed: int) -> None:
    """Draw how sure and how right the run is for each album that it answers."""
    rows = [
        {
            "answered": p.name,
            "texts": p.n,
            "groups": p.n_groups,
            "mean probability": round(p.mean_probability, 2),
            "right": round(p.right, 2),
            "range (95 %)": "" if p.low is None or p.high is None else f"{p.low:.2f} to {p.high:.2f}",
            "off by": round(p.error, 3),
            "a perfect model": round(p.perfect, 3),
        }
        for p in by_album(review, seed=seed)
    ]
    st.dataframe(rows, hide_index=True, alt="Mean probability and share right for each album that was answered")
    st.caption("By the answer that was given, because a probability is a promise about an answer.")


def show_gate(workbench: Workbench, run: RunInfo, review: Review, *, seed: int) -> None:
    """Draw what caution buys, the gate on it, and what thresholds of one's own would accept."""
    if not any(review.verdict):
        st.text("This run gives no verdicts.")
        return
    limits = Thresholds.from_dict(run.thresholds)
    curve, own = risk_coverage(answered(review, ALBUM), seed=seed), own_point(review, seed=seed)
    tried = None
    try:
        with st.expander("Try other thresholds", icon=":material/tune:", expanded=True):
            moved = threshold_inputs(limits, key="confidence.", suffix=run.run_id, slider=True, bind="query-params")
            tried = point_at(review, limits.with_(**moved), seed=seed) if moved else None
            _show_points([("as it is", own), *([("with your thresholds", tried)] if tried else [])])
        gate = gate_curve(review, limits.with_(**moved))
    except RebracketError as error:
        error_box(error)
        gate = None
    show(coverage_figure(curve, gate=gate, own=own, tried=tried, leaked=review.leaked), key="confidence.coverage")
    area = "" if curve.augrc_low is None else f" ({curve.augrc_low:.3f} to {curve.augrc_high:.3f})"
    st.text(
        f"Mean share wrong over all coverages (AURC) {curve.aurc:.3f}. Answered and wrong, over all coverages (AUGRC) "
        f"{curve.augrc:.3f}{area}; an order by chance {curve.augrc_random:.3f}, the best possible {curve.augrc_best:.3f}."
    )
    if tried:
        st.caption(
            "The gate as it is was measured with an acceptance chosen on other texts. Thresholds that you choose by looking at "
            "these texts will do a little worse on new ones."
        )


def _show_points(points: Sequence[tuple[str, GatePoint]]) -> None:
    def share(value: float | None, low: float | None, high: float | None) -> str:
        if value is None:
            return "none"
        return f"{value:.2f}" + ("" if low is None or high is None else f" ({low:.2f} to {high:.2f})")

    st.table(
        [
            {
                "gate": name,
                "accepted": share(p.coverage, p.coverage_low, p.coverage_high),
                "texts": p.n_accepted,
                "right of these": share(p.right, p.right_low, p.right_high),
                "hybrids": f"{p.n_hybrid}, right {share(p.hybrid_right, None, None)}" if p.n_hybrid else "none",
                "right of the rejected": share(p.rejected_right, None, None),
                "verdicts": ", ".join(f"{k.replace('_', ' ').lower()} {v}" for k, v in p.verdicts.items()),
            }
            for name, p in points
        ],
        border="horizontal",
        alt="What the gate accepts and how right that is",
    )


def show_ood(run: RunInfo, review: Review, *, seed: int) -> None:
    """Draw the out-of-distribution p-values of the unseen texts."""
    limit = float(run.thresholds.get("ood_p", Thresholds().ood_p))
    found = ood_scores(review, limit=limit, seed=seed)
    show(ood_figure(review, limit=limit), key="confidence.ood")
    span = "" if found.low is None else f" ({found.low:.3f} to {found.high:.3f})"
    either = ((found.right_below, "below it"), (found.right_above, "above it"))
    sides = [f"{v:.2f} right {w}" for v, w in either if v is not None]
    st.text(
        f"{found.n_below} of {found.n:,} unseen texts lie below {limit:.2f}: a share of {found.below:.3f}{span}, where a fair "
        f"detector has {limit:.2f}. Album {', '.join(sides)}."
    )
