"""The event log: what happened, appended in order and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import new_id, storable
from rebracket_core.annotation.entities.enums import EventKind
from rebracket_core.database import insertion, lock, run, statement
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Insert
    from sqlalchemy.engine import Connection

MAX_ID = 80
_EVENTS_LOCK = 7_220_001


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append: what happened, under which id, when (ISO 8601) and who did it; `target` is what an undo undoes."""

    kind: EventKind
    event_id: str
    at: str
    by: str
    project_id: str = ""
    item_id: str = ""
    target: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """The event as a row of its table; the payload must be storable."""
        return {
            "event_id": self.event_id,
            "at": self.at,
            "kind": str(self.kind),
            "person": self.by,
            "project_id": self.project_id,
            "item_id": self.item_id,
            "target": self.target,
            "payload": self.payload,
        }


def lock_events(connection: Connection) -> None:
    """Keep others from appending events until the transaction ends, so that their numbers follow their commits."""
    lock(connection, _EVENTS_LOCK)


def append_event(connection: Connection, event: NewEvent) -> None:
    """Append an event, its payload made storable. The caller holds `lock_events`."""
    run(connection, _event, [{**event.row(), "payload": storable(event.payload)}])


def append_events(connection: Connection, events: Sequence[NewEvent]) -> None:
    """Append events in this order; their payloads are storable. The caller holds `lock_events`."""
    run(connection, _event, [event.row() for event in events])


@statement
def _event() -> Insert:
    return insertion(tables().events, without=("seq",))


def event_exists(connection: Connection, event_id: str) -> bool:
    """Whether an event of this id was appended already."""
    import sqlalchemy as sa

    events = tables().events
    return connection.execute(sa.select(events.c.seq).where(events.c.event_id == event_id)).first() is not None


def valid_event_id(event_id: str | None) -> str:
    """The id of an event as a client gave it, or a fresh one. Raises InputError for one that cannot be used."""
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
