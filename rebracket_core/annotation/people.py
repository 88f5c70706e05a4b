"""Who labels, and in which role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import new_id, storable
from rebracket_core.annotation.entities.enums import EventKind, Role
from rebracket_core.annotation.entities.records import Person
from rebracket_core.annotation.events.log import NewEvent, append_event, lock_events
from rebracket_core.annotation.events.projection import update_people
from rebracket_core.annotation.session import LabelSession, require
from rebracket_core.errors import InputError
from rebracket_core.texts import brief, caseless_name, identity

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

MAX_NAME = 120
MAX_ID_CHARS = 200


def person_key(written: str, *, most: int = MAX_ID_CHARS) -> str:
    """The id of the person whose id or name this is: what is typed in other ways, or holds what nobody sees, is the same.

    Raises InputError for one that cannot be used, or is longer than `most`.
    """
    key = caseless_name(storable(written))
    if not key or key.startswith("(") or len(key) > most:
        raise InputError(
            "This name cannot be used.",
            expected=f"1 to {most} signs, the first of them no bracket",
            found=brief(written),
            hint="give a name by which others know the person",
        )
    return key


def enrol(session: LabelSession, name: str, *, person_id: str | None = None) -> Person:
    """The person of this name (or id, such as an e-mail address), made on the first visit; the first one is an admin.

    Names that differ in case, in how accents are composed or in characters that nobody sees are one person's. Raises
    InputError for a name that cannot be used.
    """
    written = person_id or name
    for one in {name, written}:
        person_key(one, most=MAX_NAME)
    shown = identity(storable(name))
    known = _known(list_people(session), written)
    return known or session.store.write(lambda connection: enrol_within(connection, written, name=shown, at=session.now()))


def enrol_within(connection: Connection, written: str, *, name: str, at: str) -> Person:
    """The person of this id or name, made inside the transaction where there is none yet.

    Raises InputError as `person_key` does.
    """
    import sqlalchemy as sa

    lock_events(connection)
    found = [_person(row) for row in connection.execute(sa.select(tables().people))]
    known = _known(found, written)
    if known is not None:
        return known
    person_id = person_key(written)
    role = Role.ANNOTATOR if found else Role.ADMIN
    shown = identity(storable(name))[:MAX_ID_CHARS]
    payload = {"person_id": person_id, "name": shown, "role": str(role), "active": True}
    append_event(connection, NewEvent(EventKind.PERSON, new_id(), at, person_id, payload=payload))
    update_people(connection)
    return Person(person_id, shown, role)


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
    return sorted(map(_person, rows), key=lambda p: p.name.casefold())


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


def _known(people: Sequence[Person], written: str) -> Person | None:
    """The person whose id this is; an id as earlier versions made it comes before one that is only typed in another way."""
    exact = " ".join(storable(written).split()).casefold()
    key = caseless_name(storable(written))
    alike = sorted((p for p in people if caseless_name(p.person_id) == key), key=lambda p: p.person_id)
    return next((p for p in alike if p.person_id == exact), alike[0] if alike else None)


def _person(row: Row[Any]) -> Person:
    return Person(row.person_id, row.name, Role(row.role), bool(row.active))


def _find(session: LabelSession, person_id: str) -> Person | None:
    return next((p for p in list_people(session) if p.person_id == person_id), None)


def _unknown(person_id: str) -> InputError:
    return InputError(
        "There is no such person.",
        expected="the id of somebody who enrolled",
        found=repr(person_id),
        hint="see the list of people",
    )
