"""Errors: wrong predictions, label-error candidates, and the texts on which a model is worse."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.review import choose_review, errors, query_of, show_section_tabs

PAGE = PageSpec(
    title="Errors",
    icon=":material/bug_report:",
    position=4,
    help="Wrong predictions, label-error candidates, and the texts on which it is worse.",
    about="Where a model fails on held-out songs, which labels may be wrong, and where it is worse.",
    empty={"no_model": ("There is no model to review yet. Train one first.", ("launch", "Train a model"))},
)

workbench = PAGE.open()
PAGE.require(workbench.runs.all(), "no_model")
page = choose_review(workbench, page="errors")
show_section_tabs(page, key="errors.view", drawers=errors.DRAWERS)
with st.container(horizontal=True):
    site.link("confusion", "What is taken for what", query=query_of(page, "confusion"))
    site.link("confidence", "Are its probabilities calibrated?", query=query_of(page, "confidence"))
