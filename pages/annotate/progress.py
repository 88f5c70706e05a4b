"""Progress: how far the labelling is, how far people agree, what suggestions do to them, and how each person does."""

import streamlit as st

from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.services import StoredKind
from rebracket_core.ui import PageSpec
from rebracket_core.ui.annotate import progress as label_health
from rebracket_core.ui.annotate.labelling import choose_project
from rebracket_core.ui.kit import guard, lifecycle_menu, show_archived

PAGE = PageSpec(
    title="Progress",
    icon=":material/monitoring:",
    position=3,
    help="How far the labelling is, and how far people agree.",
    about="How far the labelling is, and whether people mean the same.",
    empty={
        "no_project": ("There is no labelling project yet. One is made from texts that are here.", ("label", "Make a project")),
        "no_texts": ("There is no labelling project yet, and no texts to make one from.", ("import", "Import data")),
    },
)

workbench = PAGE.open()
projects = workbench.lifecycle.projects()
PAGE.require(projects, "no_project" if workbench.datasets.all() else "no_texts")
project = choose_project(projects, key="progress.project", session=workbench.labels.session) or projects[0]
lifecycle_menu(workbench, StoredKind.PROJECT, project.project_id, key="progress.own")
show_archived(workbench, StoredKind.PROJECT, page="progress")
health = label_health.health_of(workbench, project)
if not health.progress.n_labels:
    st.info("Nobody has labelled anything here yet. Figures come with the labels.", icon=":material/inbox:")
    st.stop()

label_health.show_progress(health)
with guard():
    label_health.retrain_button(workbench, project)
st.subheader("Agreement", anchor=False)
label_health.show_agreement(health)
st.subheader("Automation bias: what suggestions do", anchor=False)
label_health.show_automation_bias(health)
st.subheader("People", anchor=False)
label_health.show_people(health)
axis = st.segmented_control(
    "Axis", list(AXIS_NAMES), default=AXIS_NAMES[0], required=True, key="progress.axis", bind="query-params", wrap=True
)
with st.expander("Each person's labels beside the others'", icon=":material/grid_on:"):
    label_health.show_confusion(health, axis or AXIS_NAMES[0])
with guard():
    label_health.weigh_form(workbench, project, axis=axis or AXIS_NAMES[0])
