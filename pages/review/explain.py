"""Explain: which words an answer rests on, how far to trust that, and what would change it."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.kit import guard
from rebracket_core.ui.review import attention, counterfactuals, explanation

PAGE = PageSpec(
    title="Explain",
    icon=":material/psychology:",
    position=5,
    help="Which words a prediction rests on, and how far to trust that.",
    about="Which words a prediction rests on, whether that can be trusted, and what lies near.",
    empty={"no_model": ("There is no model to explain yet. Train one first.", ("launch", "Train a model"))},
)

workbench = PAGE.open()
PAGE.require(workbench.runs.all(), "no_model")
request = explanation.controls(workbench)
if not request.text.strip():
    st.info("Write a concept above, or choose one from a cell of the confusion table.", icon=":material/edit:")
    site.link("confusion")
    st.stop()
found = None
with guard():
    found = explanation.explained(str(workbench.settings.home), request, _workbench=workbench)
if found is None:
    st.stop()

st.subheader("The words", anchor=False)
explanation.head(found)
every = explanation.too_many(found) and st.toggle("All words", key="explain.every", bind="query-params")
words = st.empty()
with words.container():
    explanation.show_words(found, None, every=every)
st.subheader("How far to trust it", anchor=False)
checks_shown, work = st.empty(), st.empty()
with checks_shown.container():
    explanation.show_checks(found, None)
with work.container():
    checks = explanation.checked(workbench, found)
if checks is not None:
    work.empty()
    with words.container():
        explanation.show_words(found, checks, every=every)
    with checks_shown.container():
        explanation.show_checks(found, checks)

st.subheader("What would change it", anchor=False)
with guard():
    counterfactuals.show_search(workbench, explanation.verdict_on(workbench, found), key="explain.flips", bind=True)

st.subheader("Nearest training texts", anchor=False)
with guard():
    explanation.show_nearest(workbench, found)
explanation.to_validate(found.text, key="explain.validate")

st.subheader("Where the encoder looked, not why", anchor=False)
with guard():
    attention.show_attention(workbench, found, checks)

st.subheader("Saved changes", anchor=False)
with guard():
    counterfactuals.show_saved(workbench, found.run_id, key="explain.kept")
