"""What every part of annotation works with: the store, the clock, who may do what, and how an event is written down."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.statements import insertion, rows, run, statement
from rebracket_core.annotation.database.store import Store
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import EventKind, Role
from rebracket_core.annotation.entities.records import ProjectSettings
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Insert, Select
    from sqlalchemy.engine import Connection, Row

_REFUSED = re.compile("[\x00\ud800-\udfff]")
_RANK = {Role.ANNOTATOR: 0, Role.REVIEWER: 1, Role.ADMIN: 2}
MAX_ID = 80


@dataclass(frozen=True, slots=True)
class Desk:
    """The store and the clock (seconds since 1970)."""

    store: Store
    clock: Callable[[], float]

    def now_ms(self) -> int:
        """The moment in milliseconds since 1970."""
        return int(self.clock() * 1000)

    def now(self) -> str:
        """The moment in ISO 8601, UTC, with milliseconds."""
        return iso(self.clock())


def iso(seconds: float) -> str:
    """A moment as ISO 8601 in UTC with milliseconds."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")


def iso_of(text: str) -> str:
    """A moment that somebody wrote, in the one form that moments have here; without a zone it is taken as UTC."""
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "This moment cannot be read.",
            expected="ISO 8601, such as 2026-03-01T12:00:00+00:00",
            found=repr(text),
            hint="write it so",
        ) from None
    when = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    return when.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def new_id() -> str:
    """A fresh UUID."""
    return str(uuid.uuid4())


def good_id(event_id: str | None) -> str:
    """The id of an event as a client gave it, or a fresh one; an unusable one is an InputError."""
    if event_id is None:
        return new_id()
    if not 0 < len(event_id) <= MAX_ID or not event_id.isascii():
        raise InputError(
            "The id of an event cannot be used.",
            expected=f"1 to {MAX_ID} ASCII signs, such as a UUID",
            found=repr(event_id)[:100],
            hint="make a fresh UUID for each thing done",
        )
    return event_id


def share_of(*words: str) -> float:
    """A number from 0 to 1 that depends on these words alone, even over words."""
    digest = hashlib.sha256("\x1f".join(words).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def storable(value: Any) -> Any:
    """The value without what databases refuse in texts: NUL and half surrogate pairs."""
    if isinstance(value, str):
        return value if value.isascii() and "\x00" not in value else _REFUSED.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {name: storable(part) for name, part in value.items()}
    return [storable(part) for part in value] if isinstance(value, (list, tuple)) else value


def require(connection: Connection, by: str, *, role: Role = Role.ANNOTATOR) -> None:
    """Nothing; whoever acts is known, active and of this role or a higher one, else an InputError."""
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


def enter(connection: Connection, project_id: str, by: str) -> Any:
    """The row of a project for somebody who may label: `require` and `project_row` in one look."""
    found = rows(connection, _entered, project=project_id, me=by)
    if not found or not found[0].active:
        require(connection, by)
        return project_row(connection, project_id)
    return found[0]


@statement
def _project() -> Select[Any]:
    import sqlalchemy as sa

    projects = tables().projects
    return sa.select(projects).where(projects.c.project_id == sa.bindparam("project"))


def project_row(connection: Connection, project_id: str) -> Any:
    """The row of a project; an unknown id is an InputError."""
    found = rows(connection, _project, project=project_id)
    if not found:
        raise InputError(
            "There is no such project.",
            expected="the id of a labelling project",
            found=repr(project_id),
            hint="see: rebracket annotations status",
        )
    return found[0]


def settings_of(row: Any) -> ProjectSettings:
    """The settings that stand in a project's row."""
    return ProjectSettings.from_dict(row.settings)


def item_row(connection: Connection, project_id: str, item_id: str) -> Row[Any]:
    """The row of an item; an unknown id is an InputError."""
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


def append(
    connection: Connection,
    kind: EventKind,
    *,
    event_id: str,
    at: str,
    by: str,
    project_id: str = "",
    item_id: str = "",
    target: str = "",
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Nothing; the event is written down. The caller holds `lock_events`."""
    append_all(
        connection,
        [
            event_row(
                kind,
                event_id=event_id,
                at=at,
                by=by,
                project_id=project_id,
                item_id=item_id,
                target=target,
                payload=storable(payload or {}),
            )
        ],
    )


def event_row(
    kind: EventKind,
    *,
    event_id: str,
    at: str,
    by: str,
    project_id: str,
    item_id: str,
    payload: Mapping[str, Any],
    target: str = "",
) -> dict[str, Any]:
    """An event as a row for `append_all`; its payload is storable."""
    return {
        "event_id": event_id,
        "at": at,
        "kind": str(kind),
        "person": by,
        "project_id": project_id,
        "item_id": item_id,
        "target": target,
        "payload": payload,
    }


def append_all(connection: Connection, events: Sequence[dict[str, Any]]) -> None:
    """Nothing; the events are written down in this order. The caller holds `lock_events`."""
    run(connection, _event, events)


@statement
def _event() -> Insert:
    return insertion(tables().events, without=("seq",))


def event_exists(connection: Connection, event_id: str) -> bool:
    """Whether something with this id happened already."""
    import sqlalchemy as sa

    events = tables().events
    return connection.execute(sa.select(events.c.seq).where(events.c.event_id == event_id)).first() is not None
