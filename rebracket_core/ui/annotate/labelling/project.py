"""Projects on a page: choosing one, making one from a data set, and how it asks for labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from rebracket_core.annotation import (
    LabelSession,
    Person,
    Project,
    ProjectSettings,
    Role,
    SuggestionPolicy,
    change_settings,
    list_projects,
    set_closed,
)
from rebracket_core.annotation.queue.strategies import QUERY_STRATEGIES
from rebracket_core.services import StoredKind
from rebracket_core.ui.annotate.labelling.label_files import show_label_files
from rebracket_core.ui.annotate.labelling.people import show_people
from rebracket_core.ui.kit.confirmation import confirm, show_refusal
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.lifecycle import show_archived
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.workbench import Workbench

_MADE = "label.made"
POLICIES = {
    SuggestionPolicy.NEVER: "never",
    SuggestionPolicy.AFTER: "after one's own label",
    SuggestionPolicy.BEFORE: "before it",
}
_ORDER_HELP = (
    "The random sample is mixed in whatever the order, so that figures stay fair. With simulated people on the starter corpus "
    "no order taught a model more than random order did with as many labels, and asking again where people differ taught it "
    "less than new texts did; see docs/experiments.md.\n"
)


def choose_project(projects: Sequence[Project], *, key: str, session: LabelSession) -> Project | None:
    """The project that is chosen: the one that the address names, else the first of `projects`; None where there is none.

    The address names what is chosen, the first one too, so that a page loaded anew does not turn to a newer project. One that
    it names by id or name is there although it is closed or archived: it is read as before.
    """
    by_id, named = {project.project_id: project for project in projects}, st.query_params.get(key, "")
    known = next((one for one in list_projects(session) if named in (one.project_id, one.name)), None) if named else None
    if known is not None:
        by_id.setdefault(known.project_id, known)
    if (made := st.session_state.pop(_MADE, None)) in by_id:
        st.session_state[key] = made
    if not by_id:
        return None
    if st.session_state.get(key) not in by_id:
        if named and known is None:
            st.toast(f"There is no project {escape(named)} here; this is another one.", icon=":material/search_off:")
        st.session_state[key] = known.project_id if known is not None else next(iter(by_id))
    picked = by_id[str(st.selectbox("Project", list(by_id), format_func=lambda one: by_id[one].name, key=key, width=280))]
    if known is not picked:
        st.query_params[key] = picked.project_id
    return picked


def manage(workbench: Workbench, project: Project | None, *, person: Person) -> None:
    """Draw what admins may do: make a project, change how it asks, give roles. Others are told whom to ask."""
    if project is None:
        _say_none(workbench)
    if person.role is not Role.ADMIN:
        return
    if project is not None:
        with st.expander("Settings", icon=":material/tune:"), guard():
            _settings(workbench, project, person=person)
        with st.expander("Suggestions and order by the model", icon=":material/model_training:"), guard():
            _ask_model(workbench, project, person=person)
        with st.expander("Labels in files", icon=":material/folder_open:"), guard():
            show_label_files(workbench, project, person=person)
    with st.expander("New project", icon=":material/add:", expanded=project is None), guard():
        _new(workbench, person=person)
    with st.expander("People", icon=":material/group:"), guard():
        show_people(workbench.labels.session, by=person)
    _show_closed(workbench, person=person)
    show_archived(workbench, StoredKind.PROJECT, page="label")


def _say_none(workbench: Workbench) -> None:
    """Say why there is nothing to label, and who can help."""
    if list_projects(workbench.labels.session):
        st.info("Every project is closed or archived. An admin can open one again, or make a new one.", icon=":material/inbox:")
    else:
        st.info("There is no project yet. An admin makes one from a data set.", icon=":material/inbox:")


def _show_closed(workbench: Workbench, *, person: Person) -> None:
    """Draw the closed projects, each to be opened again; nothing where there is none."""
    closed = {project.project_id: project for project in workbench.lifecycle.projects() if project.closed}
    if not closed:
        return
    with st.expander(f"Closed ({len(closed)})", icon=":material/lock:"), guard():
        chosen = st.selectbox("Closed project", list(closed), format_func=lambda one: closed[one].name, key="label.closed")
        if chosen and st.button("Open it again", icon=":material/lock_open:", key="label.reopen"):
            set_closed(workbench.labels.session, chosen, closed=False, by=person.person_id)
            st.session_state[_MADE] = chosen
            st.rerun()


def _new(workbench: Workbench, *, person: Person) -> None:
    names = [meta.name for meta in workbench.datasets.all()]
    if not names:
        st.caption("There is no data set to make it from.")
        return
    with st.form("label.new", border=False):
        name = st.text_input("Name", key="label.new.name", placeholder="First round")
        dataset = st.selectbox("Texts from", names, key="label.new.dataset")
        settings = _fields(ProjectSettings(), key="label.new")
        guideline = st.text_area("Guideline (Markdown; examples help most)", key="label.new.guideline", height=140)
        pressed = st.form_submit_button("Make the project", type="primary", icon=":material/add:")
    if pressed and not (name or "").strip():
        st.error("The project needs a name.", icon=":material/error:")
    elif pressed:
        made = workbench.labels.create_project(
            str(name).strip(), str(dataset), by=person.person_id, settings=settings, guideline=str(guideline or "")
        )
        st.session_state[_MADE] = made.project_id  # the choice of a project was drawn already: the next run turns to it
        st.toast(f"{escape(made.name)} has {made.n_items:,} concepts.", icon=":material/check_circle:")
        st.rerun()


def _fields(now: ProjectSettings, *, key: str, made: bool = False) -> ProjectSettings:
    """Draw the fields of a project's settings; the shares of items are fixed once it is made."""
    overlap = st.number_input("Labels for each concept", 1, 20, now.overlap, key=f"{key}.overlap")
    order = _order_field(now.order, key=f"{key}.order")
    policy = st.selectbox(
        "Show the model's prediction",
        list(POLICIES),
        list(POLICIES).index(now.suggestions),
        format_func=POLICIES.__getitem__,
        key=f"{key}.policy",
        help="Concepts without suggestions and the random sample never show it.",
    )
    minutes = st.number_input("Released after (minutes)", 1, 1440, max(now.lease_s // 60, 1), key=f"{key}.lease")
    changed = replace(now, overlap=int(overlap), order=order, suggestions=SuggestionPolicy(policy), lease_s=int(minutes) * 60)
    if made:
        return changed
    blind = st.slider("Without model suggestions (%)", 0, 100, round(now.blind_share * 100), key=f"{key}.blind")
    chance = st.slider("Random sample (%)", 0, 100, round(now.random_share * 100), key=f"{key}.chance")
    repeats = st.slider("Repeated items (%)", 0, 50, round(now.repeat_share * 100), key=f"{key}.repeats")
    return replace(changed, blind_share=blind / 100, random_share=chance / 100, repeat_share=repeats / 100)


def _order_field(now: str, *, key: str) -> str:
    """Draw the choice of the query strategy; one that is not installed here any more stays as long as it is not changed."""
    names = list(QUERY_STRATEGIES.names)
    options = names if now in names else [now, *names]
    lines = [f"- {strategy.label}: {strategy.help}" for strategy in QUERY_STRATEGIES]
    return str(
        st.selectbox(
            "Order", options, options.index(now), format_func=_order_label, key=key, help="\n".join([_ORDER_HELP, *lines])
        )
    )


def _order_label(name: str) -> str:
    return QUERY_STRATEGIES.get(name).label if name in QUERY_STRATEGIES else f"{name} (not installed)"


def _settings(workbench: Workbench, project: Project, *, person: Person) -> None:
    st.caption(f"{project.n_items:,} concepts from {escape(project.dataset or 'elsewhere')}.")
    with st.form(f"label.settings.{project.project_id}", border=False):
        settings = _fields(project.settings, key=f"label.settings.{project.project_id}", made=True)
        key = f"label.settings.{project.project_id}.closed"
        closed = st.checkbox("Close it: nobody labels there any more", project.closed, key=key)
        pressed = st.form_submit_button("Save", icon=":material/save:")
    close = f"label.settings.{project.project_id}.close"
    show_refusal(key=close)
    if not pressed:
        return

    def save() -> None:
        change_settings(workbench.labels.session, project.project_id, settings=settings, by=person.person_id, closed=closed)

    if closed and not project.closed:
        confirm(
            "Close this project?",
            changes=f"Nobody gets concepts of **{escape(project.name)}** any more. Its {project.n_items:,} concepts and all "
            "labels stay. Labels that come later are refused where whoever gave them sees it. It can be opened again.",
            yes="Close it",
            key=close,
            then=save,
        )
    else:
        save()
        st.rerun()


def _ask_model(workbench: Workbench, project: Project, *, person: Person) -> None:
    """Draw the two things that the production model gives a project: its predictions, and the order of the queue."""
    if workbench.runs.production() is None:
        st.caption("There is no production model to ask. Orders that need none still work.")
    suggest = st.button("Get its predictions", key="label.suggest", icon=":material/lightbulb:")
    st.caption(
        f"Shown {POLICIES[project.settings.suggestions]}; concepts without suggestions and the random sample never show them."
    )
    order = st.button("Order the queue now", key="label.order", icon=":material/sort:")
    st.caption(f"By: {_order_label(project.settings.order)}. Do it again after some labels or with a new model.")
    if suggest:
        with working("Scoring the texts") as progress:
            n = workbench.labels.suggest(project.project_id, by=person.person_id, progress=progress)
        st.success(f"{n:,} concepts have a prediction of the model.", icon=":material/check_circle:")
    if order:
        with working("Ordering") as progress:
            n = workbench.labels.put_in_order(project.project_id, by=person.person_id, progress=progress)
        st.success(f"{n:,} concepts stand in the new order.", icon=":material/check_circle:")
