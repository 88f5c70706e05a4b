"""Rows of one project or item, and what they hold as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import DecisionKind
from rebracket_core.annotation.entities.records import Item, ProjectSettings
from rebracket_core.database import rows, statement
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection, Row


@statement
def _project() -> Select[Any]:
    import sqlalchemy as sa

    projects = tables().projects
    return sa.select(projects).where(projects.c.project_id == sa.bindparam("project"))


def project_row(connection: Connection, project_id: str) -> Any:
    """The row of a project. Raises InputError for an unknown id."""
    found = rows(connection, _project, project=project_id)
    if not found:
        raise no_project(project_id)
    return found[0]


CLOSED = (
    "The project is closed and takes no labels. An admin can open it again: rebracket annotations reopen, or the Label page."
)
"""Why a label is refused there."""


def open_project(connection: Connection, project_id: str) -> Any:
    """The row of a project that takes labels. Raises InputError for an unknown id and for a closed project."""
    project = project_row(connection, project_id)
    if project.closed:
        raise InputError(
            "The project is closed and takes no labels.",
            expected="an open project",
            found=repr(project_id),
            hint=f"open it again on the Label page, or with: rebracket annotations reopen {project_id}",
        )
    return project


def no_project(project_id: str) -> InputError:
    """The error for a project that does not exist."""
    return InputError(
        "There is no such project.",
        expected="the id of a labelling project",
        found=repr(project_id),
        hint="see: rebracket annotations status",
    )


def settings_of(row: Any) -> ProjectSettings:
    """The settings that stand in a project's row."""
    return ProjectSettings.from_dict(row.settings)


def item_row(connection: Connection, project_id: str, *, item_id: str) -> Row[Any]:
    """The row of an item. Raises InputError for an unknown id."""
    import sqlalchemy as sa

    items = tables().items
    query = sa.select(items).where(items.c.project_id == project_id, items.c.item_id == item_id)
    row = connection.execute(query).first()
    if row is None:
        raise InputError(
            "There is no such item in the project.",
            expected="the id of an item",
            found=repr(item_id),
            hint="look at the items of the project",
        )
    return row


def item_of(row: Any, *, overlap: int, hide: bool = False) -> Item:
    """An item's row as a value; `hide` leaves out what whoever labels must not see (a repeat, the random control sample)."""
    return Item(
        project_id=row.project_id,
        item_id=row.item_id,
        text=row.text,
        text_digest=row.text_digest,
        title=row.title,
        group_id=row.group_id,
        album=row.album,
        round=row.round,
        why=row.why,
        blind=bool(row.blind),
        in_random_sample=bool(row.by_chance) and not hide,
        repeat_of="" if hide else row.repeat_of,
        n_labels=row.n_labels,
        wanted=overlap,
        disagreement=row.disagreement,
        flagged=bool(row.flagged),
        decision=DecisionKind(row.decision) if row.decision else None,
        note=row.note,
    )
