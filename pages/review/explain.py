"""Explain: which words an answer rests on, how far to trust that, and what would change it."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.kit.empty import needs
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.review import attention
from rebracket_core.ui.review import counterfactuals as flips
from rebracket_core.ui.review import explanation as explaining

st.title("Explain", anchor=False)
st.caption("Which words an answer rests on, whether that can be trusted, and what lies near.")

workbench = bench()
if not workbench.runs.all():
    needs("There is no run to ask yet. Train one first.", (site.LAUNCH, "Train a model"))
    st.stop()
asked = explaining.controls(workbench)
if not asked.text.strip():
    st.info("Write a concept above, or choose one from a cell of the confusion table.", icon=":material/edit:")
    site.link(site.CONFUSION)
    st.stop()
found = None
with guard():
    found = explaining.explained(str(workbench.settings.home), asked, _workbench=workbench)
if found is None:
    st.stop()

st.subheader("The words", anchor=False)
explaining.head(found)
every = explaining.too_many(found) and st.toggle("All words", key="explain.every", bind="query-params")
words = st.empty()
with words.container():
    explaining.show_words(found, None, every=every)
st.subheader("How far to trust it", anchor=False)
lamps, work = st.empty(), st.empty()
with lamps.container():
    explaining.show_lamps(found, None)
with work.container():
    checks = explaining.checked(workbench, found)
if checks is not None:
    work.empty()
    with words.container():
        explaining.show_words(found, checks, every=every)
    with lamps.container():
        explaining.show_lamps(found, checks)

st.subheader("What would change it", anchor=False)
with guard():
    flips.show_search(workbench, explaining.verdict_on(workbench, found), key="explain.flips", bind=True)

st.subheader("Nearest training texts", anchor=False)
with guard():
    explaining.show_nearest(workbench, found)
explaining.to_validate(found.text, key="explain.validate")

st.subheader("Where the encoder looked, not why", anchor=False)
with guard():
    attention.show_attention(workbench, found, checks)

st.subheader("Ledger of counterfactuals", anchor=False)
with guard():
    flips.show_ledger(workbench, found.run_id, key="explain.kept")
