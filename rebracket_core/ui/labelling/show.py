"""The labelling desk on a page: each thing that it says is written before it is told what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from rebracket_core.annotation import AnnotationService, Person
from rebracket_core.errors import RebracketError, StoreError
from rebracket_core.ui.bench import bench
from rebracket_core.ui.errors import error_box
from rebracket_core.ui.labelling.component import message, mount
from rebracket_core.ui.labelling.exchange import Desk


def desk_for(service: AnnotationService, *, project_id: str, person: Person, ahead: int) -> Desk:
    """The desk of a person in a project as it stands now."""
    return Desk(service, service.project(project_id), person, ahead)


@st.fragment
def show_desk(*, project_id: str, person_id: str, ahead: int) -> None:
    """Draw the desk and serve what it says. Its keys rerun this part of the page alone."""
    key = f"label.desk.{person_id}.{project_id}"
    service = bench().annotation
    desk = desk_for(service, project_id=project_id, person=service.person(person_id), ahead=ahead)
    mount(_served(desk, message(key)), key=key)


def _served(desk: Desk, said: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to what the desk said; where the store refuses, nothing is acknowledged and the desk says it again."""
    try:
        return desk.answer(said)
    except StoreError as error:
        error_box(error)
    except RebracketError as error:
        error_box(error)
    return {**desk.fixed(), "batch": said.get("batch", 0)}
