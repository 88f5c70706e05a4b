"""State → tables: after each write the rows of what was touched are made to say what its events say."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.folding import ItemState, fold_item, fold_people, fold_project
from rebracket_core.annotation.kinds import EventKind
from rebracket_core.annotation.tables import tables

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection, Row


@lru_cache(maxsize=1)
def _item_events() -> Select[Any]:
    import sqlalchemy as sa

    events = tables().events
    names = ("seq", "event_id", "at", "kind", "person", "target", "payload")
    return (
        sa.select(*(events.c[name] for name in names))
        .where(events.c.project_id == sa.bindparam("project"), events.c.item_id == sa.bindparam("item"))
        .order_by(events.c.seq)
    )


def item_state(connection: Connection, item: Row[Any]) -> ItemState:
    """How an item stands, told from its events."""
    return fold_item(connection.execute(_item_events(), {"project": item.project_id, "item": item.item_id}).all())


def project_item(connection: Connection, item: Row[Any], *, overlap: int) -> ItemState:
    """How an item stands now; its rows say so, and it has as many open slots as labels are still wanted."""
    import sqlalchemy as sa

    items = tables().items
    state = item_state(connection, item)
    _labels(connection, item, state)
    _rewrite(connection, item.item_no, state)
    connection.execute(sa.update(items).where(items.c.item_no == sa.bindparam("no")), {"no": item.item_no, **state.columns()})
    sync_slots(connection, item, state, overlap=overlap)
    return state


def _labels(connection: Connection, item: Row[Any], state: ItemState) -> None:
    import sqlalchemy as sa

    labels = tables().labels
    query = sa.select(labels.c.annotator, labels.c.round, labels.c.label_id).where(labels.c.item_no == item.item_no)
    there = {(row.annotator, row.round): row.label_id for row in connection.execute(query)}
    for who, number in [key for key, label_id in there.items()
                        if key not in state.labels or state.labels[key].label_id != label_id]:
        connection.execute(sa.delete(labels).where(labels.c.item_no == item.item_no, labels.c.annotator == who,
                                                   labels.c.round == number))
    fresh = [label_row(item, key, state) for key, label in state.labels.items() if there.get(key) != label.label_id]
    if fresh:
        connection.execute(sa.insert(labels), fresh)


def label_row(item: Row[Any], key: tuple[str, int], state: ItemState) -> dict[str, Any]:
    """The row of one label of an item."""
    label = state.labels[key]
    return {
        "item_no": item.item_no, "annotator": key[0], "round": key[1], "project_id": item.project_id,
        "label_id": label.label_id, "server_time": label.server_time, "active_s": label.active_s,
        "guideline_version": label.guideline_version, "document": label.document,
    }


def side_rows(item_no: int, state: ItemState) -> dict[str, list[dict[str, Any]]]:
    """The rows of an item's skips, flags, shown suggestions and decision, by table."""
    no = {"item_no": item_no}
    return {
        "skips": [{**no, "person": who, "round": n, "reason": why} for (who, n), why in state.skips.items()],
        "flags": [{**no, "person": who, "note": note} for who, note in state.flags.items()],
        "shown": [{**no, "person": who, "run_id": run, "at": at, "blind": False} for (who, run), at in state.shown.items()],
        "decisions": [{**no, **state.decision}] if state.decision else [],
    }


def _rewrite(connection: Connection, item_no: int, state: ItemState) -> None:
    """Nothing; the side tables are written anew for the kinds of events that the item ever had."""
    import sqlalchemy as sa

    kinds = {"skips": EventKind.SKIP, "flags": EventKind.FLAG, "shown": EventKind.SHOWN, "decisions": EventKind.DECISION}
    if not state.kinds & set(kinds.values()):
        return
    rows = side_rows(item_no, state)
    for name, kind in kinds.items():
        if kind in state.kinds:
            table = tables().__dict__[name]
            connection.execute(sa.delete(table).where(table.c.item_no == item_no))
            if rows[name]:
                connection.execute(sa.insert(table), rows[name])


def sync_slots(connection: Connection, item: Row[Any], state: ItemState, *, overlap: int) -> None:
    """Nothing; one done slot for each label of the round, and open ones for those still wanted, leases kept."""
    import sqlalchemy as sa

    slots = tables().slots
    query = sa.select(slots).where(slots.c.item_no == item.item_no).order_by(slots.c.slot_no).with_for_update()
    rows = list(connection.execute(query))
    current = set(state.current)
    keep = [s for s in rows if s.round == state.round and (not s.done or s.person in current)]
    done = {s.person for s in keep if s.done}
    open_ = [s for s in keep if not s.done]
    _drop(connection, [s.slot_no for s in rows if s not in keep])
    change: list[dict[str, Any]] = []
    for person in sorted(current - done):
        slot = next((s for s in open_ if s.person == person), None) or next((s for s in open_ if s.person is None), None)
        if slot is not None:
            open_.remove(slot)
            change.append({"no": slot.slot_no, "person": person})
        else:
            _add(connection, item, state, person=person)
    wanted = 0 if state.settled else max(0, overlap - len(current))
    open_.sort(key=lambda s: (s.person is None, -s.until_ms))
    _drop(connection, [s.slot_no for s in open_[wanted:]])
    if change:
        statement = sa.update(slots).where(slots.c.slot_no == sa.bindparam("no"))
        connection.execute(statement.values(person=sa.bindparam("person"), done=True, lease_id="", until_ms=0), change)
    for _ in range(wanted - len(open_)):
        _add(connection, item, state)


def _drop(connection: Connection, numbers: list[int]) -> None:
    import sqlalchemy as sa

    slots = tables().slots
    if numbers:
        connection.execute(sa.delete(slots).where(slots.c.slot_no.in_(numbers)))


def _add(connection: Connection, item: Row[Any], state: ItemState, *, person: str | None = None) -> None:
    import sqlalchemy as sa

    connection.execute(sa.insert(tables().slots), {
        "item_no": item.item_no, "project_id": item.project_id, "round": state.round, "rank": item.rank,
        "person": person, "done": person is not None, "lease_id": "", "until_ms": 0, "only_for": state.only_for,
        "repeat_of_no": _original(connection, item),
    })


def _original(connection: Connection, item: Row[Any]) -> int | None:
    import sqlalchemy as sa

    items = tables().items
    if not item.repeat_of:
        return None
    query = sa.select(items.c.item_no).where(items.c.project_id == item.project_id, items.c.item_id == item.repeat_of)
    return connection.execute(query).scalar()


def project_people(connection: Connection) -> None:
    """Nothing; the people's table says what the events say."""
    import sqlalchemy as sa

    t = tables()
    query = sa.select(t.events).where(t.events.c.project_id == "").order_by(t.events.c.seq)
    people = fold_people(connection.execute(query).all())
    connection.execute(sa.delete(t.people))
    if people:
        connection.execute(sa.insert(t.people), list(people.values()))


def project_project(connection: Connection, project_id: str) -> None:
    """Nothing; a project's row and guidelines say what the events say."""
    import sqlalchemy as sa

    t = tables()
    state = fold_project(connection.execute(project_events(project_id)).all())
    if connection.execute(sa.select(t.projects.c.name).where(t.projects.c.project_id == project_id)).first():
        connection.execute(sa.update(t.projects).where(t.projects.c.project_id == project_id), state.row)
    else:
        connection.execute(sa.insert(t.projects), state.row)
    there = set(connection.execute(sa.select(t.guidelines.c.version).where(t.guidelines.c.project_id == project_id)).scalars())
    rows = [{"project_id": project_id, "version": n, **told} for n, told in state.guidelines.items() if n not in there]
    if rows:
        connection.execute(sa.insert(t.guidelines), rows)


def project_events(project_id: str) -> Select[Any]:
    """The events that say how a project stands, in their order."""
    import sqlalchemy as sa

    events = tables().events
    kinds = [EventKind.PROJECT, EventKind.ITEMS, EventKind.SETTINGS, EventKind.GUIDELINE, EventKind.DECISION, EventKind.UNDO]
    return (
        sa.select(events)
        .where(events.c.project_id == project_id, events.c.kind.in_([str(kind) for kind in kinds]))
        .order_by(events.c.seq)
    )
