"""Validate: the verdict on one concept, or on many."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.concepts import sources
from rebracket_core.ui.concepts.batch import shelf, show_batch
from rebracket_core.ui.concepts.verdict import show_verdict
from rebracket_core.ui.kit.download_buttons import downloads
from rebracket_core.ui.kit.empty import needs, needs_model
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.review import counterfactuals as flips
from rebracket_core.ui.review import explanation as explaining

ONE, MANY = "One concept", "Many concepts"

st.title("Validate", anchor=False)
st.caption("A concept goes in; its album comes out, how sure that is, and what would change it.")

workbench = bench()
runs = {run.run_id: run for run in workbench.runs.all()}
if not runs:
    needs_model(has_data=bool(workbench.datasets.all()))
    st.stop()
if workbench.runs.production() is None:
    needs("No run is in use yet. Choose the one that answers.", (site.RUNS, "Choose a run"))
    st.stop()

mode = st.segmented_control(
    "How many", [ONE, MANY], default=ONE, required=True, key="validate.mode", bind="query-params", label_visibility="collapsed"
)
form = st.container()
asked = sources.options(workbench, prefix="validate")

if mode == ONE:
    with form, guard():
        sources.one(workbench, asked)
    if verdict := st.session_state.get("validate.one"):
        show_verdict(verdict, run=runs.get(str(verdict.get("run_id"))), key="validate.verdict")
        if not verdict.get("error"):
            st.subheader("Smallest edits", anchor=False)
            with guard():
                flips.show_search(workbench, verdict, key="validate.one")
            site.link(site.EXPLAIN, "Which words the answer rests on", query=explaining.query_of(verdict))
        downloads(lambda: [verdict], count=1, key="validate.one.download", name="verdict")
    else:
        st.info("Write or paste a concept above: one line is enough, a page is fine.", icon=":material/edit:")
else:
    with form, guard():
        sources.many(workbench, asked)
    batch_id = st.session_state.get("validate.batch")
    batch = shelf().get(batch_id) if batch_id else None
    if batch is not None:
        show_batch(batch, runs=runs, key="validate.many")
    elif batch_id:
        needs("This batch is no longer in memory; its verdicts are in the history.", (site.HISTORY, "Open the history"))
    else:
        st.info("Paste concepts, upload files, or name a folder above.", icon=":material/upload_file:")
