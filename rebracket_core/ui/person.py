"""Who sits at this browser: by name on a machine of one's own, or signed in where the secrets name a provider."""

from __future__ import annotations

import streamlit as st

from rebracket_core.annotation import LabelSession, Person, enrol, get_person, list_people
from rebracket_core.errors import InputError
from rebracket_core.ui.access import auth_section
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape

_KEY = "annotate.person"
_PARAM = "person"


def provider_is_set() -> bool:
    """Whether the secrets hold a section `auth`: then everybody signs in, and a typed name counts for nothing."""
    return auth_section() is not None


def person_here(session: LabelSession) -> Person | None:
    """The person at this browser; draws the way in where nobody is known yet, and then it is None."""
    person = _signed_in(session) if provider_is_set() else _named(session)
    if person is None or person.active:
        return person
    st.warning(f"{escape(person.name)} may not label at present. Ask an admin.", icon=":material/block:")
    return None


def show_person(person: Person) -> None:
    """Draw who is labelling, with the role, and the way to be somebody else."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        st.caption(f":material/person: {escape(person.name)}, {person.role}")
        if provider_is_set():
            st.button("Sign out", key="annotate.sign_out", type="tertiary", on_click=st.logout)
        else:
            st.button("Not you?", key="annotate.not_you", type="tertiary", on_click=_forget)


def _signed_in(session: LabelSession) -> Person:
    """The person who signed in; `ui.access` has let nobody else come so far."""
    mail = str(st.user.get("email") or st.user.get("sub") or "").strip().casefold()
    if not mail:
        raise InputError(
            "The sign-in names nobody.",
            expected="an e-mail address or a subject from the provider",
            found="neither",
            hint="let the provider send the scope 'email'",
        )
    known = st.session_state.get(_KEY)
    if known != mail:
        enrol(session, str(st.user.get("name") or mail), person_id=mail)
        st.session_state[_KEY] = mail
    return get_person(session, mail)


def _named(session: LabelSession) -> Person | None:
    people = {person.person_id: person for person in list_people(session)}
    named = st.session_state.get(_KEY) or st.query_params.get(_PARAM)
    if named in people:
        _remember(str(named))
        return people[str(named)]
    with st.form("annotate.who", border=True):
        st.text("Labels carry the name of who gave them. Who are you?")
        name = st.text_input("Your name", key="annotate.name", max_chars=120, autocomplete="name", placeholder="Ann Example")
        if people:
            st.caption(f"Here already: {escape(', '.join(person.name for person in people.values()))}")
        pressed = st.form_submit_button("Begin", type="primary", icon=":material/arrow_forward:")
    st.caption("Without a sign-in a name is taken on trust. Where people must sign in, set up a provider; the README says how.")
    if pressed and not (name or "").strip():
        st.error("A name is needed.", icon=":material/error:")
    elif pressed:
        with guard():
            _remember(enrol(session, str(name).strip()).person_id)
            st.rerun()
    return None


def _remember(person_id: str) -> None:
    """The address names the person, so that a page loaded anew knows who it is."""
    st.session_state[_KEY] = person_id
    if st.query_params.get(_PARAM) != person_id:
        st.query_params[_PARAM] = person_id


def _forget() -> None:
    st.session_state.pop(_KEY, None)
    st.query_params.pop(_PARAM, None)
