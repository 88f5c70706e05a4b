"""Audit: what a data set can teach, and what it cannot."""

import streamlit as st

from rebracket_core.ui import audit, site
from rebracket_core.ui.bench import bench
from rebracket_core.ui.data import show_report
from rebracket_core.ui.empty import needs

st.title("Audit", anchor=False)
st.caption("Groups, repeats, leakage, axes that cannot be told apart, balance and missing labels: before anything is trained.")

workbench = bench()
datasets = {meta.name: meta for meta in workbench.datasets()}
if not datasets:
    needs("There is nothing to audit yet.", (site.IMPORT, "Import data"))
    st.stop()

name = st.selectbox("Data set", list(datasets), key="audit.dataset", bind="query-params")
meta = datasets.get(name or "", next(iter(datasets.values())))
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
