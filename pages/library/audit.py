"""Audit: what a data set can teach, and what it cannot."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.library import audit
from rebracket_core.ui.library.datasets import choose_dataset, show_report

st.title("Audit", anchor=False)
st.caption("Groups, repeats, leakage, axes that cannot be told apart, balance and missing labels: before anything is trained.")

workbench = bench()
meta = choose_dataset(workbench, key="audit.dataset", nothing="There is nothing to audit yet.")
if meta is None:
    st.stop()
report = audit.report_of(workbench, meta)

st.subheader("What it means", anchor=False)
audit.show_findings(report)
st.subheader("The numbers", anchor=False)
audit.show_numbers(report, meta)
if meta.report.skipped:
    st.subheader("What was not taken", anchor=False)
    show_report(meta.report)
with st.container(horizontal=True):
    site.link(site.LAUNCH, "Train on it")
    site.link(site.IMPORT, "Import more")
