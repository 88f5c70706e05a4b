"""Runs: see how often each is right, compare them, and choose the one that answers."""

import streamlit as st

from rebracket_core.services import StoredKind
from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.annotate import show_labels_effect
from rebracket_core.ui.kit import guard, lifecycle_menu, show_archived
from rebracket_core.ui.review import counterfactuals
from rebracket_core.ui.train import (
    STARTER_NOTE,
    choose_run,
    compare_controls,
    note_form,
    run_choice,
    run_export,
    show_comparison,
    show_figures,
    show_leaderboard,
    tags_of,
)

PAGE = PageSpec(
    title="Runs",
    icon=":material/model_training:",
    position=3,
    help="Compare models, and promote the one that gives the verdicts.",
    about="A model is trained on one data set and measured on held-out songs.",
    empty={
        "no_data": ("There is no data to train on yet.", ("import", "Import data")),
        "no_model": ("No model yet. Train one: without a model no verdict is given.", ("launch", "Launch a training")),
        "no_evaluation": ("There is no data to evaluate on.", ("import", "Import data")),
    },
)

workbench = PAGE.open()
datasets, snapshot = workbench.datasets.all(), workbench.resources.runs.snapshot()
runs = {run.run_id: run for run in snapshot.finished}
if not runs:
    PAGE.show_empty("no_model" if datasets else "no_data")
    run_choice.show_broken(workbench, snapshot.broken)
    show_archived(workbench, StoredKind.RUN, page="runs")
    run_export.import_form(workbench)
    st.stop()
site.link("launch", "Launch a training, or watch one")

st.subheader("All models", anchor=False)
st.caption("Best first by album accuracy on held-out groups, with the range that new ones would likely give (95 %).")
with guard():
    show_leaderboard(list(runs.values()), notes=tags_of(workbench, list(runs.values())))
run_choice.show_broken(workbench, snapshot.broken)
show_archived(workbench, StoredKind.RUN, page="runs")
run_export.import_form(workbench)

st.subheader("One model", anchor=False)
run = choose_run(runs, key="runs.run")
with guard(), st.container(horizontal=True, vertical_alignment="center"):
    run_choice.promote_button(workbench, run)
    if len(runs) > 1:
        run_export.roll_back_button(workbench)
    lifecycle_menu(workbench, StoredKind.RUN, run.run_id, key="runs.own")
if run.starter:
    st.caption(f":material/info: {STARTER_NOTE}")
figures, facts, elsewhere, saved, note, export = st.tabs(
    [
        "Figures on held-out groups",
        "What it was trained on",
        "Evaluate on a data set",
        "Saved changes",
        "Note and tags",
        "Export",
    ],
    key="runs.view",
    bind="query-params",
)
if figures.open:
    with figures:
        show_figures(run.measured, key="runs.own")
if facts.open:
    with facts, guard():
        run_choice.show_facts(run)
        show_labels_effect(workbench, run.run_id, key="runs.effect")
if elsewhere.open:
    with elsewhere, guard():
        if datasets:
            run_choice.evaluate_form(workbench, run, datasets)
        else:
            PAGE.show_empty("no_evaluation")
if saved.open:
    with saved, guard():
        counterfactuals.show_saved(workbench, run.run_id, key="runs.kept", at_once=True)
if note.open:
    with note, guard():
        note_form(workbench, run)
if export.open:
    with export, guard():
        run_export.export_buttons(workbench, run)

st.subheader("Compare", anchor=False)
if len(runs) < 2:
    st.caption("There is one model. Train another, and how much they differ stands here.")
    st.stop()
chosen = compare_controls(list(runs.values()))
if len(chosen) < 2:
    st.caption("Choose two models or more: they are compared text by text, on the held-out texts that both predicted.")
else:
    with guard():
        show_comparison(workbench, chosen)
