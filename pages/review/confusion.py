"""Confusion: what a model takes for what, on held-out songs."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.kit import guard
from rebracket_core.ui.review import choose_review, confusion, query_of, show_sections

PAGE = PageSpec(
    title="Confusion",
    icon=":material/grid_on:",
    position=2,
    help="What a model takes for what, on held-out songs.",
    about="What a model takes for what, how surely that can be said, and the texts behind every number.",
    empty={"no_model": ("There is no model to review yet. Train one first.", ("launch", "Train a model"))},
)

workbench = PAGE.open()
PAGE.require(workbench.runs.all(), "no_model")
page = choose_review(workbench, page="confusion")
show_sections(page, drawers=confusion.DRAWERS)

st.subheader("Another model beside it", anchor=False)
with guard():
    confusion.show_beside(page)
st.subheader("A split by row (leaks) beside the split by song", anchor=False)
with guard():
    confusion.show_split_comparison(page)
with st.container(horizontal=True):
    site.link("confidence", "Are its probabilities calibrated?", query=query_of(page, "confidence"))
    site.link("errors", "Its errors one by one", query=query_of(page, "errors"))
