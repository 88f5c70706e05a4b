"""Confidence: whether a run's probabilities hold on unseen songs, and what other thresholds would accept."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.review import confidence
from rebracket_core.ui.review import review as reviewing

st.title("Confidence", anchor=False)
st.caption("Whether a probability means what it says, what caution buys, and what the gate lets through. Unseen songs only.")

workbench = bench()
chosen = reviewing.choose_review(workbench, prefix="confidence")
if chosen is None:
    st.stop()
run, review = chosen
seed = workbench.settings.seed

st.subheader("Do the probabilities hold?", anchor=False)
what = confidence.question_control()
with guard():
    confidence.show_probabilities(run, review, what=what, seed=seed)
st.subheader("Album by album", anchor=False)
with guard():
    confidence.show_parts(review, seed=seed)
st.subheader("The gate", anchor=False)
with guard():
    confidence.show_gate(workbench, run, review, seed=seed)
st.subheader("Unlike the training texts", anchor=False)
with guard():
    confidence.show_ood(run, review, seed=seed)
with st.container(horizontal=True):
    site.link(site.CONFUSION, "What is taken for what", query={"confusion.run": run.run_id})
    site.link(site.ERRORS, "Its errors one by one", query={"errors.run": run.run_id})
