"""Monitoring: verdicts, albums and latency over time, drift of what comes in, and a sample of it to label."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.concepts import monitoring
from rebracket_core.ui.kit.empty import needs, needs_model
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard

st.title("Monitoring", anchor=False)
st.caption(
    "What comes in and what is answered: verdicts that were kept (pages, command line, watched folders, agents) or served by "
    "the API. Counts hold no texts."
)

workbench = bench()
runs = {run.run_id: run for run in workbench.runs.all()}
if not runs:
    needs_model(bool(workbench.datasets.all()))
    st.stop()
run_id, days = monitoring.controls(runs)
with guard():
    traffic = workbench.monitoring.traffic(run_id, days=days)
    if not traffic.buckets:
        needs(
            "No verdict of this run was counted in this time. Each one that you ask for will show here.",
            (site.VALIDATE, "Validate concepts"),
        )
        st.stop()
    monitoring.show_numbers(traffic)
    monitoring.show_course(traffic)
st.subheader("Drift", anchor=False)
with guard():
    monitoring.show_drift(workbench, runs[run_id], days=days)
st.subheader("A sample to label", anchor=False)
with guard():
    monitoring.show_sample(workbench, runs[run_id], days=days)
site.link(site.HISTORY, "The verdicts one by one", query={"history.run": run_id})
