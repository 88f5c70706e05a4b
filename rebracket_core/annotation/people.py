"""Who labels, and in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import new_id, storable
from rebracket_core.annotation.entities.enums import EventKind, Role
from rebracket_core.annotation.entities.records import Person
from rebracket_core.annotation.events.log import NewEvent, append_event, lock_events
from rebracket_core.annotation.events.projection import update_people
from rebracket_core.annotation.session import LabelSession, require
from rebracket_core.errors import InputError
from rebracket_core.texts import identity

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MAX_NAME = 120


def enrol(session: LabelSession, name: str, *, person_id: str | None = None) -> Person:
    """The person of this name (or id, such as an e-mail address), made on the first visit; the first one is an admin.

    Raises InputError for a name that cannot be used.
    """
    shown = identity(storable(name))
    key = key_of(person_id or shown)
    if not shown or not key or key.startswith("(") or len(shown) > MAX_NAME or len(key) > MAX_NAME:
        raise InputError(
            "This name cannot be used.",
            expected=f"1 to {MAX_NAME} signs, the first of them no bracket",
            found=repr(name)[:200],
            hint="give a name by which others know you",
        )
    known = _find(session, " ".join((person_id or storable(name)).split()).casefold()) or _find(session, key)
    return known or session.store.write(lambda connection: enrol_within(connection, key, name=shown, at=session.now()))


def key_of(name: str) -> str:
    """The id of the person of a name: case, blanks, invisible characters and how letters are composed make no difference."""
    return identity(identity(name).casefold())


def enrol_within(connection: Connection, person_id: str, *, name: str, at: str) -> Person:
    """The person of this id, made inside the transaction where there is none yet."""
    import sqlalchemy as sa

    lock_events(connection)
    people = tables().people
    row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).first()
    if row is None and (key := key_of(person_id)) != person_id:  # ids of earlier versions stand as they were typed
        person_id = key
        row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).first()
    if row is None:
        anybody = connection.execute(sa.select(people.c.person_id).limit(1)).first()
        role = Role.ANNOTATOR if anybody else Role.ADMIN
        payload = {"person_id": person_id, "name": storable(name), "role": str(role), "active": True}
        append_event(connection, NewEvent(EventKind.PERSON, new_id(), at, person_id, payload=payload))
        update_people(connection)
        return Person(person_id, name, role)
    return Person(row.person_id, row.name, Role(row.role), bool(row.active))


def get_person(session: LabelSession, person_id: str) -> Person:
    """One person. Raises InputError for an unknown id."""
    found = _find(session, person_id)
    if found is None:
        raise _unknown(person_id)
    return found


def list_people(session: LabelSession) -> list[Person]:
    """Everybody who ever enrolled, by name."""
    import sqlalchemy as sa

    people = tables().people
    rows = session.store.read(lambda c: c.execute(sa.select(people)).all(), empty=[])
    return sorted((Person(r.person_id, r.name, Role(r.role), bool(r.active)) for r in rows), key=lambda p: p.name.casefold())


def set_role(session: LabelSession, person_id: str, *, role: Role, by: str, active: bool = True) -> Person:
    """Give a person a role (admins only) and return the person. Raises InputError for the last active admin."""

    def work(connection: Connection) -> Person:
        lock_events(connection)
        require(connection, by, role=Role.ADMIN)
        import sqlalchemy as sa

        people = tables().people
        rows = {row.person_id: row for row in connection.execute(sa.select(people))}
        if person_id not in rows:
            raise _unknown(person_id)
        others = [r for r in rows.values() if r.person_id != person_id and r.role == Role.ADMIN and r.active]
        if not others and (role is not Role.ADMIN or not active):
            raise InputError(
                "The last admin stays one.",
                expected="another active admin",
                found="none",
                hint="make somebody else an admin first",
            )
        payload = {"person_id": person_id, "name": rows[person_id].name, "role": str(role), "active": active}
        append_event(connection, NewEvent(EventKind.PERSON, new_id(), session.now(), by, payload=payload))
        update_people(connection)
        return Person(person_id, rows[person_id].name, role, active)

    return session.store.write(work)


def _find(session: LabelSession, person_id: str) -> Person | None:
    return next((p for p in list_people(session) if p.person_id == person_id), None)


def _unknown(person_id: str) -> InputError:
    return InputError(
        "There is no such person.",
        expected="the id of somebody who enrolled",
        found=repr(person_id),
        hint="see the list of people",
    )
