"""The labelling session that every function of annotation takes: one database, one clock, and who may do what."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.lookups import project_row
from rebracket_core.annotation.database.schema import labels_store
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import iso
from rebracket_core.annotation.entities.enums import Role
from rebracket_core.database import Store, rows, statement
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection

_RANK = {Role.ANNOTATOR: 0, Role.REVIEWER: 1, Role.ADMIN: 2}


@dataclass(frozen=True, slots=True)
class LabelSession:
    """The labels of one database. Safe to share between threads and processes.

    Functions of annotation take it as their first argument. Each that writes is one transaction, which appends an event and
    brings the tables up to date; roles are checked there. No row of an event is ever deleted: an undo is an event too. `by`
    is always the person_id of whoever acts. They raise InputError for what is not allowed or not there, and StoreError where
    the database refuses. Nothing is created before the first write.

    Args:
        store: transactions on the database.
        clock: seconds since 1970.

    Example:
        >>> from rebracket_core.annotation.people import enrol
        >>> session = LabelSession.open("sqlite:///:memory:")
        >>> enrol(session, "Ada").role
        <Role.ADMIN: 'admin'>
    """

    store: Store
    clock: Callable[[], float]

    @classmethod
    def open(cls, database_url: str, *, clock: Callable[[], float] = time.time) -> LabelSession:
        """A session on the database of any SQLAlchemy URL; it connects when it is first used."""
        return cls(labels_store(database_url), clock)

    def close(self) -> None:
        """Close every connection. The session opens them again on next use."""
        self.store.close()

    def now_ms(self) -> int:
        """The moment in milliseconds since 1970."""
        return int(self.clock() * 1000)

    def now(self) -> str:
        """The moment in ISO 8601, UTC, with milliseconds."""
        return iso(self.clock())


def require(connection: Connection, by: str, *, role: Role = Role.ANNOTATOR) -> None:
    """Check that whoever acts is known, active and of this role or a higher one; else raise InputError."""
    import sqlalchemy as sa

    people = tables().people
    row = connection.execute(sa.select(people.c.role, people.c.active).where(people.c.person_id == by)).first()
    if row is None or not row.active:
        raise InputError(
            "This person may not work here.",
            expected="somebody who enrolled and is active",
            found=repr(by),
            hint="enrol first, or ask an admin",
        )
    if _RANK[Role(row.role)] < _RANK[role]:
        raise InputError(
            f"This needs the role of {role}.", expected=f"{role} or higher", found=f"{by} is {row.role}", hint="ask an admin"
        )


@statement
def _entered() -> Select[Any]:
    import sqlalchemy as sa

    t = tables()
    both = sa.join(t.projects, t.people, sa.true())
    return (
        sa.select(t.projects, t.people.c.role, t.people.c.active)
        .select_from(both)
        .where(t.projects.c.project_id == sa.bindparam("project"), t.people.c.person_id == sa.bindparam("me"))
    )


def enter(connection: Connection, project_id: str, *, by: str) -> Any:
    """The row of a project for somebody who may label: `require` and `project_row` in one query."""
    found = rows(connection, _entered, project=project_id, me=by)
    if not found or not found[0].active:
        require(connection, by)
        return project_row(connection, project_id)
    return found[0]
