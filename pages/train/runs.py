"""Runs: see how often each is right, compare them, and choose the one that answers."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.annotate.retraining_effect import show_labels_effect
from rebracket_core.ui.kit.empty import needs
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.review import counterfactuals as flips
from rebracket_core.ui.train import run_choice as shelf
from rebracket_core.ui.train import run_export as handover
from rebracket_core.ui.train.comparison import compare_controls, show_comparison
from rebracket_core.ui.train.leaderboard import show_leaderboard, tags_of
from rebracket_core.ui.train.run_note import note_form
from rebracket_core.ui.train.run_summary import STARTER_NOTE, choose_run, show_figures

st.title("Runs", anchor=False)
st.caption("A run is a model trained on one data set and measured on songs that it had not seen.")

workbench = bench()
datasets, shelved = workbench.datasets.all(), workbench.resources.runs.snapshot()
runs = {run.run_id: run for run in shelved.finished}
if not runs:
    if datasets:
        needs("No run yet. Train one: without a model no verdict is given.", (site.LAUNCH, "Launch a training"))
    else:
        needs("There is no data to train on yet.", (site.IMPORT, "Import data"))
    handover.bring_in(workbench)
    st.stop()
site.link(site.LAUNCH, "Launch a training, or watch one")

st.subheader("All runs", anchor=False)
st.caption(
    "Best first by how often the album is right on unseen groups, with the range that new ones would likely give (95 %)."
)
with guard():
    show_leaderboard(list(runs.values()), notes=tags_of(workbench, list(runs.values())))
shelf.show_broken(shelved.broken)
handover.bring_in(workbench)

st.subheader("One run", anchor=False)
run = choose_run(runs, key="runs.run")
with guard(), st.container(horizontal=True, vertical_alignment="center"):
    shelf.promote_button(workbench, run)
    if len(runs) > 1:
        handover.roll_back_button(workbench)
if run.starter:
    st.caption(f":material/info: {STARTER_NOTE}")
figures, facts, elsewhere, kept, note, away = st.tabs(
    [
        "Figures on unseen groups",
        "What it learned from",
        "Evaluate on a data set",
        "Counterfactuals",
        "Note and tags",
        "Take away",
    ],
    key="runs.view",
    on_change="rerun",
)
if figures.open:
    with figures:
        show_figures(run.metrics, key="runs.own")
if facts.open:
    with facts, guard():
        shelf.show_facts(run)
        show_labels_effect(workbench, run.run_id, key="runs.effect")
if elsewhere.open:
    with elsewhere, guard():
        if datasets:
            shelf.evaluate_form(workbench, run, datasets)
        else:
            needs("There is no data to evaluate on.", (site.IMPORT, "Import data"))
if kept.open:
    with kept, guard():
        flips.show_ledger(workbench, run.run_id, key="runs.kept", asked=True)
if note.open:
    with note, guard():
        note_form(workbench, run)
if away.open:
    with away, guard():
        handover.take_away(workbench, run)

st.subheader("Compare", anchor=False)
if len(runs) < 2:
    st.caption("There is one run. Train another, and how much they differ stands here.")
    st.stop()
chosen = compare_controls(list(runs.values()))
if len(chosen) < 2:
    st.caption("Choose two runs or more: they are compared text by text, on the unseen texts that both were asked.")
else:
    with guard():
        show_comparison(workbench, chosen)
