"""Who labels here and what each may do."""

from __future__ import annotations

import streamlit as st

from rebracket_core.annotation import LabelSession, Person, Role, list_people, set_role
from rebracket_core.errors import RebracketError
from rebracket_core.ui.kit.markdown import escape

_RESULT = "label.people.said"


def show_people(session: LabelSession, *, by: Person) -> None:
    """Draw everybody with their role, to change; `set_role` refuses whoever is no admin, and to lose the last one."""
    if problem := st.session_state.pop(_RESULT, ""):
        st.error(escape(problem), icon=":material/error:")
    for person in list_people(session):
        key = f"label.people.{person.person_id}"
        st.selectbox(
            escape(person.name),
            list(Role),
            list(Role).index(person.role),
            format_func=str,
            key=key,
            on_change=_set_role,
            args=(session, person.person_id, key, by.person_id),
        )
    st.caption("An annotator labels, a reviewer also adjudicates, an admin also changes projects and roles.")


def _set_role(session: LabelSession, person_id: str, key: str, by: str) -> None:
    try:
        set_role(session, person_id, role=Role(st.session_state[key]), by=by)
    except RebracketError as error:
        st.session_state[_RESULT] = str(error)
        st.session_state.pop(key, None)
