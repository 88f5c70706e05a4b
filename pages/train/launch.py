"""Launch: train a model in a process of its own, and watch it while it learns."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.kit import guard
from rebracket_core.ui.train import other_jobs, run_progress, training_form

PAGE = PageSpec(
    title="Launch",
    icon=":material/rocket_launch:",
    position=1,
    help="Train a model, and watch it while it learns.",
    about="A training runs in a process of its own: this page may be closed, and shows the training again when it is opened.",
    empty={
        "no_data": ("There is no data to train on yet.", ("import", "Import data")),
        "data_gone": ("There is no data to train on any more.", ("import", "Import data")),
    },
)

workbench = PAGE.open()
datasets, states = workbench.datasets.all(), workbench.training.states()
others = other_jobs.any_to_show(workbench)
PAGE.require(datasets or states or others, "no_data")

view = run_progress.choose_view(states, others=others)
if view == run_progress.OTHER:
    with guard():
        other_jobs.show(workbench)
elif view == run_progress.WATCH:
    run_id = run_progress.choose_run(states)
    run_progress.show_run(workbench, run_id)
    run_progress.show_others(workbench, chosen=run_id)
elif not datasets:
    PAGE.show_empty("data_gone")
else:
    workbench.training.get_ready()
    choices, warnings = st.columns([3, 2], gap="large")
    with choices:
        meta = training_form.choose_dataset(datasets)
        site.link("search", "Or search for good options")
        with guard():
            config = training_form.choose_config_for(workbench, meta)
            config = config.with_(labels=training_form.choose_labels(workbench))
            training_form.show_config(config, meta)
            training_form.show_estimate(workbench, meta, config=config)
            if started := training_form.press(workbench, meta, config=config):
                run_progress.go_and_watch(started)
    with warnings:
        training_form.show_warnings(workbench, meta)
