"""The projection: after each write the rows of what was touched are brought in line with its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import EventKind
from rebracket_core.annotation.events.reducer import ItemState, reduce_item, reduce_people, reduce_project
from rebracket_core.database import insertion, rows, run, several, statement

if TYPE_CHECKING:
    from sqlalchemy import Delete, Insert, Select, Update
    from sqlalchemy.engine import Connection, Row


PART = 500  # items brought up to date with one statement of a kind


@statement
def _item_events(n: int) -> Select[Any]:
    import sqlalchemy as sa

    events = tables().events
    names = ("seq", "event_id", "at", "kind", "person", "item_id", "target", "payload")
    return (
        sa.select(*(events.c[name] for name in names))
        .where(events.c.project_id == sa.bindparam("project"), events.c.item_id.in_(several("items", n)))
        .order_by(events.c.seq)
    )


def item_states(connection: Connection, items: Sequence[Row[Any]]) -> dict[int, ItemState]:
    """The states of these items of one project, reduced from their events, by item number."""
    history: dict[str, list[Any]] = {item.item_id: [] for item in items}
    for event in rows(connection, _item_events, project=items[0].project_id, items=list(history)):
        history[event.item_id].append(event)
    return {item.item_no: reduce_item(history[item.item_id]) for item in items}


def update_items(connection: Connection, items: Sequence[Row[Any]], *, overlap: int) -> None:
    """Bring the rows of these items of one project in line with their events, and open as many slots as labels are wanted.

    One statement of each kind for all of them: whoever labels waits while this one writes.
    """
    for at in range(0, len(items), PART):
        part = items[at : at + PART]
        states = item_states(connection, part)
        _labels(connection, part, states)
        for item in part:
            _rewrite(connection, item.item_no, states[item.item_no])
        _columns(connection, part, states)
        sync_slots(connection, part, states=states, overlap=overlap)


def _columns(connection: Connection, items: Sequence[Row[Any]], states: Mapping[int, ItemState]) -> None:
    changed = []
    for item in items:
        columns = states[item.item_no].columns()
        if any(getattr(item, name) != value for name, value in columns.items()):
            changed.append({"no": item.item_no, **columns})
    run(connection, _set_columns, changed)


@statement
def _set_columns() -> Update:
    import sqlalchemy as sa

    items = tables().items
    return (
        sa.update(items)
        .where(items.c.item_no == sa.bindparam("no"))
        .values({name: sa.bindparam(name) for name in ItemState().columns()})
    )


@statement
def _labels_there(n: int) -> Select[Any]:
    import sqlalchemy as sa

    labels = tables().labels
    return sa.select(labels.c.item_no, labels.c.annotator, labels.c.round, labels.c.label_id).where(
        labels.c.item_no.in_(several("items", n))
    )


def labels_there(connection: Connection, numbers: Sequence[int]) -> dict[tuple[int, str, int], str]:
    """The ids of the labels that the table has of these items, by item number, annotator and round."""
    found = rows(connection, _labels_there, items=list(numbers))
    return {(row.item_no, row.annotator, row.round): row.label_id for row in found}


@statement
def _label_gone() -> Delete:
    import sqlalchemy as sa

    labels = tables().labels
    return sa.delete(labels).where(
        labels.c.item_no == sa.bindparam("no"),
        labels.c.annotator == sa.bindparam("who"),
        labels.c.round == sa.bindparam("number"),
    )


def _labels(connection: Connection, items: Sequence[Row[Any]], states: Mapping[int, ItemState]) -> None:
    there = labels_there(connection, [item.item_no for item in items])
    wanted = {
        (no, who, number): label.label_id for no, state in states.items() for (who, number), label in state.labels.items()
    }
    gone = [key for key, label_id in there.items() if wanted.get(key) != label_id]
    run(connection, _label_gone, [{"no": no, "who": who, "number": number} for no, who, number in gone])
    fresh = [
        label_row(item, key, state=states[item.item_no])
        for item in items
        for key, label in states[item.item_no].labels.items()
        if there.get((item.item_no, *key)) != label.label_id
    ]
    run(connection, _label_fresh, fresh)


@statement
def _label_fresh() -> Insert:
    return insertion(tables().labels)


def label_row(item: Row[Any], key: tuple[str, int], *, state: ItemState) -> dict[str, Any]:
    """The row of one label of an item."""
    label = state.labels[key]
    return {
        "item_no": item.item_no,
        "annotator": key[0],
        "round": key[1],
        "project_id": item.project_id,
        "label_id": label.label_id,
        "server_time": label.server_time,
        "active_s": label.active_s,
        "guideline_version": label.guideline_version,
        "document": label.document,
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
    """Write the side tables anew for the kinds of events that the item ever had."""
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


@statement
def _slots_there(n: int) -> Select[Any]:
    import sqlalchemy as sa

    slots = tables().slots
    return (
        sa.select(slots)
        .where(slots.c.item_no.in_(several("items", n)))
        .order_by(slots.c.item_no, slots.c.slot_no)
        .with_for_update()
    )


@statement
def _slot_gone() -> Delete:
    import sqlalchemy as sa

    slots = tables().slots
    return sa.delete(slots).where(slots.c.slot_no == sa.bindparam("no"))


@statement
def _slot_fresh() -> Insert:
    return insertion(tables().slots, without=("slot_no",))


@statement
def _slot_done() -> Update:
    import sqlalchemy as sa

    slots = tables().slots
    return (
        sa.update(slots)
        .where(slots.c.slot_no == sa.bindparam("no"))
        .values(person=sa.bindparam("who"), done=True, lease_id="", until_ms=0)
    )


def sync_slots(connection: Connection, items: Sequence[Row[Any]], *, states: Mapping[int, ItemState], overlap: int) -> None:
    """Keep one done slot for each label of the round and open ones for those still wanted; leases stay."""
    there: dict[int, list[Any]] = {item.item_no: [] for item in items}
    for row in rows(connection, _slots_there, items=list(there)):
        there[row.item_no].append(row)
    gone: list[int] = []
    done: list[dict[str, Any]] = []
    fresh: list[dict[str, Any]] = []
    for item in items:
        state = states[item.item_no]
        plan = _plan(there[item.item_no], state, overlap=overlap)
        gone += plan.gone
        done += [{"no": number, "who": who} for number, who in plan.done]
        if plan.add:
            same = {
                "item_no": item.item_no,
                "project_id": item.project_id,
                "round": state.round,
                "rank": item.rank,
                "lease_id": "",
                "until_ms": 0,
                "only_for": state.only_for,
                "repeat_of_no": _original(connection, item),
            }
            fresh += [{**same, "person": who, "done": who is not None} for who in plan.add]
    run(connection, _slot_gone, [{"no": number} for number in gone])
    run(connection, _slot_done, done)
    run(connection, _slot_fresh, fresh)


@dataclass(slots=True)
class _Plan:
    """What becomes of an item's slots: numbers to drop, (number, person) now done, a person (None: open) for each new one."""

    gone: list[int]
    done: list[tuple[int, str]]
    add: list[str | None]


def _plan(there: Sequence[Any], state: ItemState, *, overlap: int) -> _Plan:
    current = set(state.current)
    keep = [s for s in there if s.round == state.round and (not s.done or s.person in current)]
    staying = {s.slot_no for s in keep}
    plan = _Plan([s.slot_no for s in there if s.slot_no not in staying], [], [])
    open_ = [s for s in keep if not s.done]
    for person in sorted(current - {s.person for s in keep if s.done}):
        slot = next((s for s in open_ if s.person == person), None) or next((s for s in open_ if s.person is None), None)
        if slot is None:
            plan.add.append(person)
        else:
            open_.remove(slot)
            plan.done.append((slot.slot_no, person))
    wanted = 0 if state.settled else max(0, overlap - len(current))
    open_.sort(key=lambda s: (s.person is None, -s.until_ms))
    plan.gone += [s.slot_no for s in open_[wanted:]]
    plan.add += [None] * (wanted - len(open_))
    return plan


def _original(connection: Connection, item: Row[Any]) -> int | None:
    import sqlalchemy as sa

    items = tables().items
    if not item.repeat_of:
        return None
    query = sa.select(items.c.item_no).where(items.c.project_id == item.project_id, items.c.item_id == item.repeat_of)
    return connection.execute(query).scalar()


def update_people(connection: Connection) -> None:
    """Bring the people's table in line with the events."""
    import sqlalchemy as sa

    t = tables()
    query = sa.select(t.events).where(t.events.c.project_id == "").order_by(t.events.c.seq)
    people = reduce_people(connection.execute(query).all())
    connection.execute(sa.delete(t.people))
    if people:
        connection.execute(sa.insert(t.people), list(people.values()))


def update_project(connection: Connection, project_id: str) -> None:
    """Bring a project's row and guidelines in line with the events."""
    import sqlalchemy as sa

    t = tables()
    state = reduce_project(connection.execute(project_events(project_id)).all())
    if connection.execute(sa.select(t.projects.c.name).where(t.projects.c.project_id == project_id)).first():
        connection.execute(sa.update(t.projects).where(t.projects.c.project_id == project_id), state.row)
    else:
        connection.execute(sa.insert(t.projects), state.row)
    there = set(connection.execute(sa.select(t.guidelines.c.version).where(t.guidelines.c.project_id == project_id)).scalars())
    rows = [{"project_id": project_id, "version": n, **row} for n, row in state.guidelines.items() if n not in there]
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
