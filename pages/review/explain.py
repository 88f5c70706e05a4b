"""Explain: which words an answer rests on, and how far to trust that."""

import streamlit as st

from rebracket_core.ui import explaining, site
from rebracket_core.ui.bench import bench
from rebracket_core.ui.empty import needs
from rebracket_core.ui.errors import guard
from rebracket_core.workbench.explaining import OUTPUTS

st.title("Explain", anchor=False)
st.caption("Which words an answer rests on, whether that can be trusted, and which training texts lie nearest.")

workbench = bench()
runs = [info.run_id for info in workbench.runs()]
if not runs:
    needs("There is no run to ask yet.", (site.LAUNCH, "Train a model"))
    st.stop()
promoted = workbench.promoted()
first = runs.index(promoted.run_id) if promoted and promoted.run_id in runs else 0
run_id = st.selectbox("Run", runs, index=first, key="explain.run")
output = st.selectbox("Output", OUTPUTS, key="explain.output")
text = st.text_area("Concept", key="explain.text", placeholder="A concept in one or two sentences")
if not text.strip():
    st.info("Write a concept to see which words its answer rests on.")
    st.stop()
found = None
with guard():
    found = explaining.explained(workbench, str(workbench.settings.home), text, output, run_id)
if found is not None:
    st.subheader("The words", anchor=False)
    explaining.show_words(found)
    st.subheader("How far to trust it", anchor=False)
    explaining.show_lamps(found)
    st.subheader("Nearest training texts", anchor=False)
    explaining.show_nearest(found)
