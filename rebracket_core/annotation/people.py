"""Who labels, and in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.annotation.database.store import lock_events
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import EventKind, Role
from rebracket_core.annotation.entities.records import Person
from rebracket_core.annotation.events.projection import project_people
from rebracket_core.annotation.session import Desk, append, new_id, require, storable
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MAX_NAME = 120


def enrol(desk: Desk, name: str, *, person_id: str | None) -> Person:
    """The person of this name or id, made where there is none yet."""
    shown = " ".join(storable(name).split())
    key = " ".join((person_id or shown).split()).casefold()
    if not shown or not key or key.startswith("(") or len(shown) > MAX_NAME or len(key) > MAX_NAME:
        raise InputError(
            "This name cannot be used.",
            expected=f"1 to {MAX_NAME} signs, the first of them no bracket",
            found=repr(name)[:200],
            hint="give a name by which others know you",
        )
    known = find(desk, key)
    return known or desk.store.write(lambda connection: enrol_within(desk, connection, key, name=shown))


def enrol_within(desk: Desk, connection: Connection, person_id: str, *, name: str) -> Person:
    """The same inside a transaction."""
    import sqlalchemy as sa

    lock_events(connection)
    people = tables().people
    row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).first()
    if row is None:
        first = connection.execute(sa.select(sa.func.count()).select_from(people)).scalar_one() == 0
        role = Role.ADMIN if first else Role.ANNOTATOR
        payload = {"person_id": person_id, "name": name, "role": str(role), "active": True}
        append(connection, EventKind.PERSON, event_id=new_id(), at=desk.now(), by=person_id, payload=payload)
        project_people(connection)
        return Person(person_id, name, role)
    return Person(row.person_id, row.name, Role(row.role), bool(row.active))


def find(desk: Desk, person_id: str) -> Person | None:
    """The person of this id, or None."""
    return next((p for p in everybody(desk) if p.person_id == person_id), None)


def everybody(desk: Desk) -> list[Person]:
    """Everybody, by name."""
    import sqlalchemy as sa

    people = tables().people
    rows = desk.store.read(lambda c: c.execute(sa.select(people)).all(), empty=[])
    return sorted((Person(r.person_id, r.name, Role(r.role), bool(r.active)) for r in rows), key=lambda p: p.name.casefold())


def set_role(desk: Desk, person_id: str, role: Role, *, by: str, active: bool) -> Person:
    """The person with the new role; one active admin always remains."""

    def work(connection: Connection) -> Person:
        lock_events(connection)
        require(connection, by, role=Role.ADMIN)
        import sqlalchemy as sa

        people = tables().people
        rows = {row.person_id: row for row in connection.execute(sa.select(people))}
        if person_id not in rows:
            raise unknown(person_id)
        others = [r for r in rows.values() if r.person_id != person_id and r.role == Role.ADMIN and r.active]
        if not others and (role is not Role.ADMIN or not active):
            raise InputError(
                "The last admin stays one.",
                expected="another active admin",
                found="none",
                hint="make somebody else an admin first",
            )
        payload = {"person_id": person_id, "name": rows[person_id].name, "role": str(role), "active": active}
        append(connection, EventKind.PERSON, event_id=new_id(), at=desk.now(), by=by, payload=payload)
        project_people(connection)
        return Person(person_id, rows[person_id].name, role, active)

    return desk.store.write(work)


def unknown(person_id: str) -> InputError:
    """The error for an id that nobody has."""
    return InputError(
        "There is no such person.",
        expected="the id of somebody who enrolled",
        found=repr(person_id),
        hint="see the list of people",
    )
