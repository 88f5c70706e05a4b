"""Adjudicate: concepts on which people differ, and how each is settled. What people said never changes."""

import streamlit as st

from rebracket_core.annotation import Role, list_cases
from rebracket_core.ui import PageSpec, person_here, show_person
from rebracket_core.ui.annotate.labelling import Adjudication, choose_case, choose_project, decide_form, show_case, show_result
from rebracket_core.ui.kit import guard

MOST = 200

PAGE = PageSpec(
    title="Adjudicate",
    icon=":material/gavel:",
    position=2,
    help="Settle the concepts on which people differ.",
    about="Where people differ, a reviewer says how it ends. What people said stays as it is.",
    empty={
        "no_project": ("There is no project yet, so nothing waits for a reviewer.", ("label", "Label concepts")),
        "annotator": ("Reviewers and admins adjudicate; you are an annotator. Ask an admin.", ("label", "Label concepts")),
    },
)

workbench = PAGE.open()
session = workbench.labels.session
projects = sorted(workbench.lifecycle.projects(), key=lambda project: project.closed)
PAGE.require(projects, "no_project")
with guard():
    person = person_here(session)
if person is None:
    st.stop()
show_person(person)
PAGE.require(person.role is not Role.ANNOTATOR, "annotator")

with st.container(horizontal=True, vertical_alignment="bottom"):
    project = choose_project(projects, key="adjudicate.project", session=session) or projects[0]
    names = st.toggle("Show names", key="adjudicate.names", bind="query-params", help="Letters keep it about the concept.")
with guard():
    adjudication = Adjudication(session, project, person)
    show_result(adjudication)
    cases = list_cases(session, project.project_id, by=person.person_id, limit=MOST, names=names)
    if cases:
        case = choose_case(cases)
        show_case(case)
        decide_form(adjudication, case)
    else:
        st.info("Nothing waits: where there are two labels or more, they agree or are settled.", icon=":material/inbox:")
