"""Audit: what a data set can teach, and what it cannot."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.library import audit, choose_dataset, show_report

PAGE = PageSpec(
    title="Audit",
    icon=":material/fact_check:",
    position=2,
    help="What a data set can teach and what it cannot.",
    about="Groups, repeats, leakage, axes that cannot be told apart, balance and missing labels: before anything is trained.",
    empty={"no_data": ("There is nothing to audit yet.", ("import", "Import data"))},
)

workbench = PAGE.open()
PAGE.require(workbench.datasets.all(), "no_data")
meta = choose_dataset(workbench, key="audit.dataset")
report = audit.report_of(workbench, meta)

st.subheader("What it means", anchor=False)
audit.show_findings(report)
st.subheader("The numbers", anchor=False)
audit.show_numbers(report, meta)
if meta.report.skipped:
    st.subheader("What was skipped", anchor=False)
    show_report(meta.report)
with st.container(horizontal=True):
    site.link("launch", "Train on it")
    site.link("import", "Import more")
