"""The consistency check: all events are reduced anew and compared with the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.lookups import settings_of
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import EventKind
from rebracket_core.annotation.events.projection import label_row, project_events, side_rows
from rebracket_core.annotation.events.reducer import ItemState, reduce_people, reduce_project
from rebracket_core.annotation.projects import items_digest
from rebracket_core.annotation.queries import states
from rebracket_core.annotation.session import LabelSession

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_SHOWN = 20


def check_consistency(session: LabelSession) -> list[str]:
    """The differences between tables and events in words, at most twenty of a kind; [] where they agree."""
    return session.store.read(_differences, empty=[])


def _differences(connection: Connection) -> list[str]:
    import sqlalchemy as sa

    t = tables()
    events = connection.execute(sa.select(t.events).where(t.events.c.project_id == "").order_by(t.events.c.seq)).all()
    people = {row["person_id"]: dict(row) for row in connection.execute(sa.select(t.people)).mappings()}
    out = _apart("people", people, reduce_people(events))
    for project_id in connection.execute(sa.select(t.projects.c.project_id)).scalars().all():
        out += _project(connection, project_id)
    return out


def _project(connection: Connection, project_id: str) -> list[str]:
    import sqlalchemy as sa

    t = tables()
    state = reduce_project(connection.execute(project_events(project_id)).all())
    row = connection.execute(sa.select(t.projects).where(t.projects.c.project_id == project_id)).one()
    out = _apart("project", {project_id: dict(row._mapping)}, {project_id: state.row})
    query = sa.select(t.guidelines).where(t.guidelines.c.project_id == project_id)
    there = {r.version: {"text": r.text, "at": r.at, "author": r.author} for r in connection.execute(query)}
    out += _apart(f"{project_id}: guideline", there, state.guidelines)
    snaps = sa.select(t.events.c.payload).where(t.events.c.project_id == project_id, t.events.c.kind == EventKind.SNAPSHOT)
    snapshots = sa.select(t.snapshots).where(t.snapshots.c.project_id == project_id)
    out += _apart(
        f"{project_id}: snapshot",
        {r["seq"]: dict(r) for r in connection.execute(snapshots).mappings()},
        {payload["seq"]: payload for payload in connection.execute(snaps).scalars()},
    )
    return out + _items(connection, project_id, overlap=settings_of(row).overlap, digest=row.items_digest)


def _items(connection: Connection, project_id: str, *, overlap: int, digest: str) -> list[str]:
    import sqlalchemy as sa

    t = tables()
    items = connection.execute(sa.select(t.items).where(t.items.c.project_id == project_id).order_by(t.items.c.item_no)).all()
    out = []
    if items_digest((i.item_id, i.text_digest) for i in items if not i.repeat_of) != digest:
        out.append(f"{project_id}: the items are not those that the project was made of")
    found, blank = states(connection, project_id), ItemState()
    state = {item.item_no: found.get(item.item_id, blank) for item in items}
    columns = blank.columns()
    out += _apart(
        f"{project_id}: item",
        {i.item_no: {name: i._mapping[name] for name in columns} for i in items},
        {no: s.columns() for no, s in state.items()},
    )
    for name, wanted in _rows_of(items, state).items():
        out += _apart(f"{project_id}: {name}", _table(connection, t.__dict__[name], project_id=project_id), wanted)
    return out + _slots(connection, project_id, state=state, overlap=overlap)


def _rows_of(items: Sequence[Any], state: dict[int, ItemState]) -> dict[str, dict[Any, Any]]:
    """The rows that labels, skips, flags, shown suggestions and decisions must have, by table and key."""
    t = tables()
    wanted: dict[str, dict[Any, Any]] = {name: {} for name in ("labels", "skips", "flags", "shown", "decisions")}
    for item in items:
        for key in state[item.item_no].labels:
            wanted["labels"][item.item_no, *key] = label_row(item, key, state=state[item.item_no])
        for name, rows in side_rows(item.item_no, state[item.item_no]).items():
            wanted[name] |= {_key(t.__dict__[name], row): row for row in rows}
    return wanted


def _key(table: Any, row: Any) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _table(connection: Connection, table: Any, *, project_id: str) -> dict[Any, Any]:
    import sqlalchemy as sa

    items = tables().items
    query = sa.select(table).where(table.c.item_no.in_(sa.select(items.c.item_no).where(items.c.project_id == project_id)))
    return {_key(table, row): dict(row) for row in connection.execute(query).mappings()}


def _slots(connection: Connection, project_id: str, *, state: dict[int, ItemState], overlap: int) -> list[str]:
    """Slots are no view of events, but how many are open and whose are done follows from them."""
    import sqlalchemy as sa

    slots = tables().slots
    there: dict[int, tuple[list[str], int]] = {no: ([], 0) for no in state}
    for row in connection.execute(sa.select(slots).where(slots.c.project_id == project_id)):
        done, open_ = there.get(row.item_no, ([], 0))
        there[row.item_no] = ([*done, row.person], open_) if row.done else (done, open_ + 1)
        if row.item_no in state and row.round != state[row.item_no].round:
            there[row.item_no] = ([*done, "a slot of another round"], open_)
    wanted = {no: (sorted(s.current), 0 if s.settled else max(0, overlap - len(s.current))) for no, s in state.items()}
    return _apart(f"{project_id}: slots of item", {no: (sorted(done), n) for no, (done, n) in there.items()}, wanted)


def _apart(what: str, there: dict[Any, Any], wanted: dict[Any, Any]) -> list[str]:
    wrong = [key for key in there.keys() | wanted.keys() if there.get(key) != wanted.get(key)]
    shown = sorted(wrong, key=repr)[:_SHOWN]
    return [f"{what} {key}: the tables say {there.get(key)}, the events {wanted.get(key)}" for key in shown]
