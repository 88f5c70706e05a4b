"""Confidence on a page: the gate on the risk–coverage curve, and what other thresholds would accept."""

from __future__ import annotations

import streamlit as st

from rebracket_core.errors import RebracketError
from rebracket_core.insight.calibration import ALBUM, gate_curve, own_point, point_at, risk_coverage, top_predictions
from rebracket_core.reports import coverage_figure
from rebracket_core.reports.sections import NO_VERDICTS, ReviewSection, area_sentence, gate_row, review_of, run_of
from rebracket_core.ui.kit.errors import error_box
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.review.sections import Drawer, ReviewPage
from rebracket_core.ui.threshold_inputs import threshold_inputs


def show_acceptance(page: ReviewPage, section: ReviewSection, *, chosen: str) -> None:
    """Draw the risk–coverage curve, the gate on it, and what thresholds of one's own would accept."""
    context = page.context
    run, review, seed = run_of(context), review_of(context), context.seed
    if not any(review.verdict):
        st.text(NO_VERDICTS)
        return
    limits = run.limits
    curve, own, tried, gate = risk_coverage(top_predictions(review, ALBUM), seed=seed), own_point(review, seed=seed), None, None
    try:
        with st.expander("Try other thresholds", icon=":material/tune:", expanded=True):
            moved = threshold_inputs(limits, key="confidence.", suffix=run.run_id, slider=True, bind="query-params")
            tried = point_at(review, limits.with_(**moved), seed=seed) if moved else None
            rows = [gate_row("as it is", own), *([gate_row("with your thresholds", tried)] if tried else [])]
            st.table(rows, border="horizontal", alt="What the gate accepts and how accurate that is")
        gate = gate_curve(review, limits.with_(**moved))
    except RebracketError as error:
        error_box(error)
    show(coverage_figure(curve, gate=gate, own=own, tried=tried, leaked=review.leaked), key="confidence.coverage")
    st.text(area_sentence(curve))
    if tried:
        st.caption(
            "The gate as it is was measured with an acceptance chosen on other texts. Thresholds that you choose by looking at "
            "these texts will do a little worse on new ones."
        )


DRAWERS: dict[str, Drawer] = {"acceptance": show_acceptance}
