"""Label: one concept at a time, by keys or by touch; nothing that was pressed is lost."""

import streamlit as st

from rebracket_core.annotation import list_projects
from rebracket_core.ui import PageSpec, person_here, show_person
from rebracket_core.ui.annotate.labelling import (
    MOST_RESERVED,
    RESERVED,
    LabellingPage,
    choose_project,
    manage,
    show_form,
    show_guideline,
    show_keyboard_view,
)
from rebracket_core.ui.kit import guard

KEYBOARD, FORM = "Keyboard view", "Plain form"

PAGE = PageSpec(
    title="Label",
    icon=":material/label:",
    position=1,
    help="Say what concepts are on the three axes, by keys or by touch.",
    about="Say what a concept is on the three axes. Mixtures are labels too, and so is “cannot tell”.",
    empty={
        "no_texts": (
            "There is nothing to label yet. Import texts first; a project is made from them.",
            ("import", "Import data"),
        )
    },
)

workbench = PAGE.open()
session = workbench.labels.session
PAGE.require(list_projects(session) or workbench.datasets.all(), "no_texts")
with guard():
    person = person_here(session)
if person is None:
    st.stop()
bar = st.container(horizontal=True, vertical_alignment="bottom")
with bar:
    takes_labels = [one for one in workbench.lifecycle.projects() if not one.closed]
    project = choose_project(takes_labels, key="label.project", session=session)
if project is None:
    show_person(person)
    manage(workbench, None, person=person)
    st.stop()

with bar:
    mode = st.radio("With", [KEYBOARD, FORM], key="label.mode", bind="query-params", horizontal=True)
    guided = st.toggle("Guideline", True, key="label.guided", bind="query-params")
    with st.popover("Reserved", icon=":material/stacks:"):
        reserved = st.number_input(
            "Concepts reserved for you",
            1,
            MOST_RESERVED,
            RESERVED,
            key="label.ahead",
            bind="query-params",
            help="How many are reserved for you at a time, so that the next one is there at once. Nobody else gets these "
            "meanwhile.",
        )
    show_person(person)
main, side = st.columns([3, 1], gap="medium") if guided else (st.container(), st.container())
with main, guard():
    page = LabellingPage(project.project_id, person.person_id, project.guideline_version)
    if mode == KEYBOARD:
        show_keyboard_view(page, reserved=int(reserved))
    else:
        show_form(page)
with side, guard():
    if guided:
        show_guideline(session, project, person=person)
    manage(workbench, project, person=person)
