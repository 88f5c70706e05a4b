"""Launch: train a model in a process of its own, and watch it while it learns."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.kit.empty import needs
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.train import run_progress as training
from rebracket_core.ui.train import training_form as launch

st.title("Launch", anchor=False)
st.caption("A training runs in a process of its own: this page may be closed, and shows the training again when it is opened.")

workbench = bench()
datasets, states = workbench.datasets.all(), workbench.training.states()
if not datasets and not states:
    needs("There is no data to train on yet.", (site.IMPORT, "Import data"))
    st.stop()

if training.choose_view(states) == training.WATCH:
    run_id = training.choose_run(states)
    training.show_run(workbench, run_id)
    training.show_others(workbench, chosen=run_id)
elif not datasets:
    needs("There is no data to train on any more.", (site.IMPORT, "Import data"))
else:
    workbench.training.get_ready()
    choices, warnings = st.columns([3, 2], gap="large")
    with choices:
        meta = launch.choose_dataset(datasets)
        site.link(site.SEARCH, "Or search for good options")
        with guard():
            config = launch.choose_config(workbench.settings).with_(labels=launch.choose_labels(workbench))
            launch.show_config(config, meta)
            launch.show_estimate(workbench, meta, config=config)
            if run_id := launch.press(workbench, meta, config=config):
                training.go_and_watch(run_id)
    with warnings:
        launch.show_warnings(workbench, meta)
