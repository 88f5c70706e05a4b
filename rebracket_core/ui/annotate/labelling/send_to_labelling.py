"""Texts that were picked out on a page, sent to be labelled: the choice of a project, what happens, and the way there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from rebracket_core.annotation import Person, Role
from rebracket_core.services.labels import Queued, ReAnnotation
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.person import person_here, show_person
from rebracket_core.workbench import Workbench

_NEW = "a new project of these texts"


def label_these(workbench: Workbench, *, dataset: str, row_ids: Sequence[str], why: str, key: str) -> None:
    """Draw what sends these texts to the front of a project's queue or into a new project, and the way to label them."""
    person = person_here(workbench.labels.session)
    if person is None:
        return
    show_person(person)
    picked = workbench.labels.picked
    with st.spinner("Looking for projects with these texts"):
        held = {project.project_id: (project, n) for project, n in picked.held_by(dataset, row_ids).items()}
    options = ([*held] if person.role is not Role.ANNOTATOR else []) + ([_NEW] if person.role is Role.ADMIN else [])
    if not options:
        st.info("An admin or a reviewer can send them. Ask one, or label them as they come.", icon=":material/lock:")
        return
    words = {i: f"{project.name} ({n:,} of them)" for i, (project, n) in held.items()} | {_NEW: _NEW}
    if st.session_state.get(f"{key}.project") not in options:
        st.session_state.pop(f"{key}.project", None)  # of another selection
    chosen = st.selectbox("Send them to", options, format_func=lambda i: words.get(i, i), key=f"{key}.project", width=360)
    if chosen == _NEW:
        name = st.text_input("Name of the project", key=f"{key}.name", max_chars=80, width=360)
        st.caption("It holds these texts alone. How it asks for labels can be changed on the Label page.")
        if st.button("Make the project", key=f"{key}.make", icon=":material/add:"):
            if not (name or "").strip():
                st.error("The project needs a name.", icon=":material/error:")
                return
            called = str(name).strip()
            _send(key, row_ids, work=lambda: picked.new_project(called, dataset=dataset, row_ids=row_ids, by=person.person_id))
    else:
        st.caption(
            "They come first in its queue and the rest keeps its order. Texts of the random sample come in their turn, so "
            "that figures stay fair."
        )
        if st.button("Prioritise", key=f"{key}.first", icon=":material/vertical_align_top:"):
            _send(
                key,
                row_ids,
                work=lambda: picked.put_first(str(chosen), dataset=dataset, row_ids=row_ids, by=person.person_id, why=why),
            )
    show_sent(key, row_ids, person=person)


def re_annotation_form(
    workbench: Workbench, *, dataset: str, row_ids: Sequence[str], among: Sequence[str], name: str, key: str
) -> None:
    """Draw what makes a re-annotation project: people label label-error candidates again without being told so."""
    person = person_here(workbench.labels.session)
    if person is None:
        return
    show_person(person)
    if person.role is not Role.ADMIN:
        st.info("An admin makes the project. Ask one.", icon=":material/lock:")
        return
    plan = _plan_fields(ReAnnotation(dataset, row_ids, among), key=key)
    called = str(st.text_input("Name of the project", name, key=f"{key}.name", max_chars=80, width=360) or name).strip()
    st.caption(
        "Nobody who labels sees the label, the title, the model's prediction, or which texts are candidates; the order is "
        "random. What people say counts in the next training that takes their labels."
    )
    chosen = list(plan.row_ids)
    if st.button("Make the project", key=f"{key}.make", icon=":material/visibility_off:"):
        _send(key, chosen, work=lambda: workbench.labels.picked.re_annotate(called, plan, by=person.person_id))
    show_sent(
        key,
        chosen,
        person=person,
        words=lambda sent: (
            f"{escape(sent.project.name)} has {count(sent.first, 'texts')}: {len(chosen):,} candidates, the rest mixed in."
        ),
    )


def _plan_fields(plan: ReAnnotation, *, key: str) -> ReAnnotation:
    """Draw how many candidates are labelled again, how many others are mixed in, and by how many people."""
    n = len(plan.row_ids)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = st.number_input("Label-error candidates, the most doubtful first", 1, n, min(50, n), key=f"{key}.n")
        mixed = st.slider(
            "Others mixed in (%)",
            0,
            200,
            50,
            10,
            key=f"{key}.mixed",
            width=220,
            help="Texts that are no candidates, so that a place in the queue says nothing.",
        )
        people = st.number_input("Labels for each", 1, 20, 2, key=f"{key}.people")
    return replace(plan, row_ids=list(plan.row_ids)[: int(most)], mixed_in=mixed / 100, overlap=int(people))


def _send(key: str, row_ids: Sequence[str], *, work: Callable[[], Queued]) -> None:
    """Send the texts, and remember under `key` what became of them."""
    with guard():
        st.session_state[f"{key}.sent"] = (tuple(row_ids), work())


def show_sent(key: str, row_ids: Sequence[str], *, person: Person, words: Callable[[Queued], str] | None = None) -> None:
    """Draw what became of these texts where they were sent, and the way to the Label page."""
    ids, sent = st.session_state.get(f"{key}.sent", ((), None))
    if sent is None or ids != tuple(row_ids):
        return
    st.success((words or sent_words)(sent), icon=":material/check_circle:")
    site.link("label", "Label them now", query={"label.project": sent.project.project_id, "person": person.person_id})


def sent_words(sent: Queued) -> str:
    """What became of texts that were sent, as Markdown."""
    if sent.first == sent.project.n_items:
        return f"{escape(sent.project.name)} has {count(sent.first, 'texts')}."
    parts = [f"{count(sent.first, 'texts')} {'comes' if sent.first == 1 else 'come'} first in {escape(sent.project.name)}."]
    if sent.in_random_sample:
        parts.append(f"{sent.in_random_sample:,} of the random sample come in their turn.")
    if sent.done:
        parts.append(f"{sent.done:,} have all their labels already.")
    if sent.absent:
        parts.append(f"{sent.absent:,} are not in this project.")
    return " ".join(parts)
