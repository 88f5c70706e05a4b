"""Confusion: what a run takes for what, on songs that it had not met."""

import streamlit as st

from rebracket_core.insight.errors.confusion_matrix import Question
from rebracket_core.ui import site
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.review import confusion
from rebracket_core.ui.review import review as reviewing

st.title("Confusion", anchor=False)
st.caption("What a run takes for what, how surely that can be said, and the texts behind every number.")

workbench = bench()
chosen = reviewing.choose_review(workbench, prefix="confusion")
if chosen is None:
    st.stop()
run, review = chosen
what, expected = confusion.question_controls()
with guard():
    confusion.show_table(workbench, run, review, what=what, expected=expected)

st.subheader("Axes together", anchor=False)
if what is Question.JOINT:
    st.caption("The table above holds the states of all three axes that occur, of 27; uncharted ones name no album.")
with guard():
    confusion.show_joint(review, seed=workbench.settings.seed)

st.subheader("Another run beside it", anchor=False)
with guard():
    confusion.show_beside(workbench, run, review, what=what)

st.subheader("A split by row beside the true one", anchor=False)
with guard():
    confusion.show_split_contrast(workbench, run)
with st.container(horizontal=True):
    site.link(site.CONFIDENCE, "Can its probabilities be trusted?", query={"confidence.run": run.run_id})
    site.link(site.ERRORS, "Its errors one by one", query={"errors.run": run.run_id})
