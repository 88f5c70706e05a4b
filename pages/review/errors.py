"""Errors: the wrong answers, the suspected labels, and the texts on which a run is worse."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.review import errors as mistakes
from rebracket_core.ui.review import review as reviewing

st.title("Errors", anchor=False)
st.caption("Where a run fails on songs that it had not met, which labels may be wrong, and where it is worse.")

workbench = bench()
chosen = reviewing.choose_review(workbench, prefix="errors")
if chosen is None:
    st.stop()
run, review = chosen
seed = workbench.settings.seed
vectors = None
with guard():
    vectors = mistakes.vectors_of(workbench, review)
if vectors is None:
    st.stop()

wrong, doubtful, people, worse = st.tabs(
    ["Wrong answers", "Suspected labels", "Model or people", "Where it is worse"], key="errors.view", bind="query-params"
)
if wrong.open:
    with wrong, guard():
        mistakes.show_mistakes(review, vectors, seed=seed)
if doubtful.open:
    with doubtful, guard():
        mistakes.show_suspects(workbench, run, review)
if people.open:
    with people, guard():
        mistakes.show_people(review)
if worse.open:
    with worse, guard():
        mistakes.show_slices(review, vectors, seed=seed)
with st.container(horizontal=True):
    site.link(site.CONFUSION, "What is taken for what", query={"confusion.run": run.run_id})
    site.link(site.CONFIDENCE, "Can its probabilities be trusted?", query={"confidence.run": run.run_id})
