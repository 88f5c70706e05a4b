"""The keyboard view on a page: what the client in the browser sends is saved before it gets the next concepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from rebracket_core.annotation import get_person, get_project
from rebracket_core.errors import RebracketError
from rebracket_core.services import StoredKind
from rebracket_core.ui.annotate.labelling.component import let_wake, message, mount
from rebracket_core.ui.annotate.labelling.plain_form import show_plain
from rebracket_core.ui.annotate.labelling.protocol import ClientSession
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard

MOST_RESERVED = 60


@dataclass(frozen=True, slots=True)
class LabellingPage:
    """Who labels which project, and the version of the guideline that stands on their page."""

    project_id: str
    person_id: str
    guideline_version: int


def _client_session(page: LabellingPage, reserved: int) -> ClientSession:
    session = bench().labels.session
    project, person = get_project(session, page.project_id), get_person(session, page.person_id)
    return ClientSession(session, project, person, reserved, page.guideline_version)


def show_keyboard_view(page: LabellingPage, *, reserved: int) -> None:
    """Draw the keyboard view and serve its client. Its keys rerun this part of the page alone."""
    _keyboard_view(page, reserved=reserved)
    let_wake(key="label.wake")


@st.fragment
def _keyboard_view(page: LabellingPage, *, reserved: int) -> None:
    key = f"label.desk.{page.person_id}.{page.project_id}"
    mount(_served(_client_session(page, reserved), message(key)), key=key)


@st.fragment
def show_form(page: LabellingPage) -> None:
    """Draw the plain form, which writes through the same session."""
    with guard():
        bench().lifecycle.require_listed(StoredKind.PROJECT, page.project_id)
        show_plain(_client_session(page, 1))


def _served(client: ClientSession, request: Mapping[str, Any]) -> dict[str, Any]:
    """The reply to a request. Where the engine refuses, it says why and acknowledges nothing, and the client sends it again."""
    try:
        bench().lifecycle.require_listed(StoredKind.PROJECT, client.project.project_id)
        return client.reply(request)
    except RebracketError as error:
        return {**client.fixed(), "problem": str(error), "empty": "No concept can be given out now."}
