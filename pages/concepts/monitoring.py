"""Monitoring: verdicts, albums and latency over time, drift of what comes in, and a sample of it to label."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.concepts import monitoring
from rebracket_core.ui.kit import guard

PAGE = PageSpec(
    title="Monitoring",
    icon=":material/monitor_heart:",
    position=3,
    help="What comes in and what is predicted, over time.",
    about="What comes in and what is predicted: verdicts that were kept (pages, command line, watched folders, agents) or "
    "served by the API. Counts hold no texts.",
    empty={
        "nothing": (
            "There is no model yet, and without one no verdict is given. Import texts first (the starter corpus takes one "
            "press), "
            "then train.",
            ("import", "Import data"),
            ("launch", "Train a model"),
        ),
        "no_model": (
            "There is no model yet, and without one no verdict is given. Train one from the data that is here.",
            ("launch", "Train a model"),
        ),
        "no_traffic": (
            "No verdict of this model was counted in this time. Each one that you ask for will show here.",
            ("validate", "Validate concepts"),
        ),
    },
)

workbench = PAGE.open()
runs = {run.run_id: run for run in workbench.runs.all()}
PAGE.require(runs, "no_model" if workbench.datasets.all() else "nothing")
run_id, days = monitoring.controls(runs)
with guard():
    traffic = workbench.monitoring.traffic(run_id, days=days)
    PAGE.require(traffic.buckets, "no_traffic")
    monitoring.show_numbers(traffic)
    monitoring.show_course(traffic)
st.subheader("Drift", anchor=False)
with guard():
    monitoring.show_drift(workbench, runs[run_id], days=days)
st.subheader("A sample to label", anchor=False)
with guard():
    monitoring.show_sample(workbench, runs[run_id], days=days)
site.link("history", "The verdicts one by one", query={"history.run": run_id})
