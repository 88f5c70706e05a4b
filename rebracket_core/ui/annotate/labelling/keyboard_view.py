"""The labelling desk on a page: each thing that it says is written before it is told what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from rebracket_core.annotation.people import get_person
from rebracket_core.annotation.projects import get_project
from rebracket_core.errors import RebracketError
from rebracket_core.ui.annotate.labelling.component import let_wake, message, mount
from rebracket_core.ui.annotate.labelling.plain_form import show_plain
from rebracket_core.ui.annotate.labelling.protocol import Desk
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import error_box, guard

MOST_AHEAD = 60


def _desk(project_id: str, person_id: str, ahead: int) -> Desk:
    session = bench().labels.session
    return Desk(session, get_project(session, project_id), get_person(session, person_id), ahead)


def show_desk(*, project_id: str, person_id: str, ahead: int) -> None:
    """Draw the desk and serve what it says. Its keys rerun this part of the page alone."""
    _show_desk(project_id=project_id, person_id=person_id, ahead=ahead)
    let_wake(key="label.wake")


@st.fragment
def _show_desk(*, project_id: str, person_id: str, ahead: int) -> None:
    key = f"label.desk.{person_id}.{project_id}"
    mount(_served(_desk(project_id, person_id, ahead), message(key)), key=key)


@st.fragment
def show_form(*, project_id: str, person_id: str) -> None:
    """Draw the plain form, which writes through the same session."""
    with guard():
        show_plain(_desk(project_id, person_id, 1))


def _served(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to what the desk said. Where the engine refuses, nothing is acknowledged, and the desk says it again."""
    try:
        return desk.answer(said)
    except RebracketError as error:
        error_box(error)
        return desk.fixed()
