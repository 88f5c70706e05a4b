"""Label: one concept at a time, by keys or by touch; nothing that was pressed is lost."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.annotate.labelling.guideline import show_guideline
from rebracket_core.ui.annotate.labelling.keyboard_view import MOST_RESERVED, show_form, show_keyboard_view
from rebracket_core.ui.annotate.labelling.project import choose_project, manage, open_projects
from rebracket_core.ui.annotate.labelling.protocol import RESERVED
from rebracket_core.ui.kit.empty import needs
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.person import person_here, show_person

KEYBOARD, FORM = "Keyboard view", "Plain form"

st.title("Label", anchor=False)
st.caption("Say what a concept is on the three axes. Mixtures are answers too, and so is “cannot tell”.")

workbench = bench()
session = workbench.labels.session
projects = open_projects(session)
if not projects and not workbench.datasets.all():
    needs("There is nothing to label yet. Import texts first; a project is made from them.", (site.IMPORT, "Import data"))
    st.stop()
with guard():
    person = person_here(session)
if person is None:
    st.stop()
if not projects:
    show_person(person)
    manage(workbench, None, person=person)
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    project = choose_project(projects, key="label.project")
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
            help="How many are handed out to you at a time, so that the next one is there at once. Nobody else can take these.",
        )
    show_person(person)
main, side = st.columns([3, 1], gap="medium") if guided else (st.container(), st.container())
with main, guard():
    if mode == KEYBOARD:
        show_keyboard_view(project_id=project.project_id, person_id=person.person_id, reserved=int(reserved))
    else:
        show_form(project_id=project.project_id, person_id=person.person_id)
with side, guard():
    if guided:
        show_guideline(session, project, person=person)
    manage(workbench, project, person=person)
