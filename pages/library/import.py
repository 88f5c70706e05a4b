"""Import: texts come in; what was taken, what was not, and why."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.library import import_form as intake
from rebracket_core.ui.library.datasets import dataset_table, show_report

st.title("Import", anchor=False)
st.caption("Song manifests with lyrics, proposals, tables and plain text: what a file is, its content decides.")

workbench = bench()
with guard():
    intake.ways(workbench)
if name := st.session_state.get("import.last"):
    intake.show_last(workbench, str(name))

st.subheader("In the library", anchor=False)
datasets = workbench.datasets.all()
if datasets:
    st.dataframe(dataset_table(datasets), hide_index=True, alt="The imported data sets")
    chosen = st.selectbox("What was left aside in", [d.name for d in datasets], key="import.report", bind="query-params")
    meta = next((d for d in datasets if d.name == chosen), datasets[0])
    if meta.report.skipped or meta.report.notes:
        show_report(meta.report)
    else:
        st.text("Nothing: every row was taken.")
    with st.container(horizontal=True):
        site.link(site.AUDIT, "Audit what it can teach")
        site.link(site.LAUNCH, "Train on it")
else:
    st.info(
        "Nothing is imported yet. The starter corpus above is the quickest way to a first verdict.", icon=":material/inbox:"
    )
