"""Confidence: whether a model's probabilities are calibrated on held-out songs, and what other thresholds would accept."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.review import choose_review, confidence, query_of, show_sections

PAGE = PageSpec(
    title="Confidence",
    icon=":material/speed:",
    position=3,
    help="Whether its probabilities are calibrated, and what other thresholds would accept.",
    about="Whether a probability means what it says, and what the gate accepts. Held-out songs only.",
    empty={"no_model": ("There is no model to review yet. Train one first.", ("launch", "Train a model"))},
)

workbench = PAGE.open()
PAGE.require(workbench.runs.all(), "no_model")
page = choose_review(workbench, page="confidence")
show_sections(page, drawers=confidence.DRAWERS)
with st.container(horizontal=True):
    site.link("confusion", "What is taken for what", query=query_of(page, "confusion"))
    site.link("errors", "Its errors one by one", query=query_of(page, "errors"))
