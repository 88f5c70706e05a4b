"""The keyboard view on a page: what the client in the browser sends is saved before it gets the next concepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from rebracket_core.annotation import get_person, get_project
from rebracket_core.errors import RebracketError
from rebracket_core.ui.annotate.labelling.component import let_wake, message, mount
from rebracket_core.ui.annotate.labelling.plain_form import show_plain
from rebracket_core.ui.annotate.labelling.protocol import ClientSession
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard

MOST_RESERVED = 60


def _client_session(project_id: str, person_id: str, reserved: int) -> ClientSession:
    session = bench().labels.session
    return ClientSession(session, get_project(session, project_id), get_person(session, person_id), reserved)


def show_keyboard_view(*, project_id: str, person_id: str, reserved: int) -> None:
    """Draw the keyboard view and serve its client. Its keys rerun this part of the page alone."""
    _keyboard_view(project_id=project_id, person_id=person_id, reserved=reserved)
    let_wake(key="label.wake")


@st.fragment
def _keyboard_view(*, project_id: str, person_id: str, reserved: int) -> None:
    key = f"label.desk.{person_id}.{project_id}"
    mount(_served(_client_session(project_id, person_id, reserved), message(key)), key=key)


@st.fragment
def show_form(*, project_id: str, person_id: str) -> None:
    """Draw the plain form, which writes through the same session."""
    with guard():
        show_plain(_client_session(project_id, person_id, 1))


def _served(client: ClientSession, request: Mapping[str, Any]) -> dict[str, Any]:
    """The reply to a request. Where the engine refuses, it says why and acknowledges nothing, and the client sends it again."""
    try:
        return client.reply(request)
    except RebracketError as error:
        return {**client.fixed(), "problem": str(error)}
