"""Runs: train a model, see how often it is right, choose the one that answers."""

import streamlit as st

from rebracket_core.ui import shelf, site
from rebracket_core.ui.bench import bench
from rebracket_core.ui.empty import needs
from rebracket_core.ui.errors import guard
from rebracket_core.ui.run import STARTER_NOTE, run_table, show_figures

st.title("Runs", anchor=False)
st.caption("A run is a model trained on one data set and measured on songs that it had not seen.")

workbench = bench()
datasets = workbench.datasets()
if datasets:
    st.subheader("Train", anchor=False)
    with guard():
        shelf.train_form(workbench, datasets)
else:
    needs("There is no data to train on yet.", (site.IMPORT, "Import data"))

runs = {run.run_id: run for run in workbench.runs()}
if not runs:
    if datasets:
        st.info("No run yet. Train one above: without a model no verdict is given.", icon=":material/model_training:")
    st.stop()
shelf.show_new(runs, st.session_state.get("runs.new"))

st.subheader("All runs", anchor=False)
st.caption("Shares that were right on unseen groups, with the range that new ones would likely give (95 %).")
st.dataframe(
    run_table(list(runs.values())),
    hide_index=True,
    alt="The runs with their accuracies, newest first",
    column_config={
        "probabilities off by": st.column_config.NumberColumn(format="%.3f"),
        "in use": st.column_config.TextColumn(pinned=True),
        "run": st.column_config.TextColumn(pinned=True),
    },
)

shelf.show_broken(workbench)

st.subheader("One run", anchor=False)
run = shelf.choose_run(runs)
with guard():
    shelf.promote_button(workbench, run)
if run.starter:
    st.caption(f":material/info: {STARTER_NOTE}")
figures, facts, elsewhere = st.tabs(
    ["Figures on unseen groups", "What it learned from", "Evaluate on a data set"], key="runs.view", on_change="rerun"
)
if figures.open:
    with figures:
        show_figures(run.metrics, key="runs.own")
if facts.open:
    with facts:
        shelf.show_facts(run)
if elsewhere.open:
    with elsewhere, guard():
        if datasets:
            shelf.evaluate_form(workbench, run, datasets)
        else:
            needs("There is no data to evaluate on.", (site.IMPORT, "Import data"))
