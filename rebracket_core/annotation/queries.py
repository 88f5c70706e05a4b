"""Items, labels, history and progress as values; nothing here writes."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import EventKind
from rebracket_core.annotation.entities.label_schema import LabelValue
from rebracket_core.annotation.entities.records import Event, Item, Label, Progress
from rebracket_core.annotation.events.projection import label_row
from rebracket_core.annotation.events.reducer import ItemState, fold_item, undone
from rebracket_core.annotation.projects import no_project
from rebracket_core.annotation.queue.leases import item_of
from rebracket_core.annotation.session import Desk, iso_of, item_row, project_row, settings_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

T = TypeVar("T")


def of_project(desk: Desk, project_id: str, look: Callable[[Connection, Any], T]) -> T:
    """What `look` gives of a project's row, over one view; an InputError where there is no such project."""
    found = desk.store.read(lambda connection: (look(connection, project_row(connection, project_id)),), empty=None)
    if found is None:
        raise no_project(project_id)
    return found[0]


def item(desk: Desk, project_id: str, item_id: str) -> Item:
    """One item as it stands."""
    return of_project(
        desk, project_id, lambda c, project: item_of(item_row(c, project_id, item_id), overlap=settings_of(project).overlap)
    )


def items(desk: Desk, project_id: str, *, offset: int, limit: int | None) -> list[Item]:
    """The items in the order in which they came in."""
    import sqlalchemy as sa

    table = tables().items
    query = sa.select(table).where(table.c.project_id == project_id).order_by(table.c.item_no).offset(offset).limit(limit)
    return of_project(
        desk, project_id, lambda c, project: [item_of(row, overlap=settings_of(project).overlap) for row in c.execute(query)]
    )


def labels(
    desk: Desk, project_id: str, *, as_of: str | None, item_id: str | None, annotator: str | None, every_round: bool
) -> list[Label]:
    """The labels of a project by item, round and annotator."""
    until = iso_of(as_of) if as_of else None

    def look(connection: Connection, _project: Any) -> tuple[list[Label], dict[str, int]]:
        if until is None:
            return _labels_now(connection, project_id), {} if every_round else _rounds_now(connection, project_id)
        told = states(connection, project_id, moment=until)
        return labels_then(connection, project_id, told), {item_id: state.round for item_id, state in told.items()}

    found, current = of_project(desk, project_id, look)
    return [
        label
        for label in found
        if (item_id is None or label.item_id == item_id)
        and (annotator is None or label.annotator == annotator)
        and (every_round or label.round == current[label.item_id])
    ]


def _labels_now(connection: Connection, project_id: str) -> list[Label]:
    import sqlalchemy as sa

    t = tables()
    query = sa.select(t.labels, t.items.c.item_id).join_from(t.labels, t.items).where(t.labels.c.project_id == project_id)
    query = query.order_by(t.labels.c.item_no, t.labels.c.round, t.labels.c.annotator)
    return [label_of(dict(row), item_id=row["item_id"]) for row in connection.execute(query).mappings()]


def states(
    connection: Connection, project_id: str, *, moment: str | None = None, seq: int | None = None
) -> dict[str, ItemState]:
    """How every item that anything happened to stood at a moment, or after an event, by item id."""
    import sqlalchemy as sa

    events = tables().events
    query = sa.select(events).where(events.c.project_id == project_id, events.c.item_id != "")
    if moment is not None:
        query = query.where(events.c.at <= moment)
    if seq is not None:
        query = query.where(events.c.seq <= seq)
    by_item: dict[str, list[Any]] = {}
    for event in connection.execute(query.order_by(events.c.seq)):
        by_item.setdefault(event.item_id, []).append(event)
    return {item_id: fold_item(told) for item_id, told in by_item.items()}


def _rounds_now(connection: Connection, project_id: str) -> dict[str, int]:
    import sqlalchemy as sa

    items = tables().items
    query = sa.select(items.c.item_id, items.c.round).where(items.c.project_id == project_id)
    return {row.item_id: row.round for row in connection.execute(query)}


def labels_then(connection: Connection, project_id: str, told: dict[str, ItemState]) -> list[Label]:
    """The labels of items that stood so, told from the events."""
    import sqlalchemy as sa

    table = tables().items
    rows = {row.item_id: row for row in connection.execute(sa.select(table).where(table.c.project_id == project_id))}
    found = []
    for item_id, state in told.items():
        found += [(rows[item_id].item_no, key, label_row(rows[item_id], key, state)) for key in state.labels]
    ordered = sorted(found, key=lambda told: (told[0], told[1][1], told[1][0]))
    names = {row.item_no: row.item_id for row in rows.values()}
    return [label_of(row, item_id=names[number]) for number, _, row in ordered]


def label_of(row: dict[str, Any], *, item_id: str) -> Label:
    """A label's row as a value."""
    told = row["document"]
    return Label(
        label_id=row["label_id"],
        project_id=row["project_id"],
        item_id=item_id,
        text_digest=told["text_digest"],
        annotator=row["annotator"],
        round=row["round"],
        value=LabelValue.from_dict(told["value"]),
        client_time=told["client_time"],
        server_time=row["server_time"],
        guideline_version=row["guideline_version"],
        shown_run=told["shown_run"],
        shown_at=told["shown_at"],
        active_s=row["active_s"],
        source=told["source"],
        revision=told["revision"],
    )


def history(desk: Desk, project_id: str, *, item_id: str | None, person: str | None, limit: int) -> list[Event]:
    """What happened, newest first."""
    import sqlalchemy as sa

    events = tables().events

    def look(connection: Connection, _project: Any) -> list[Event]:
        mine = events.c.project_id == project_id
        undos = connection.execute(sa.select(events).where(mine, events.c.kind == EventKind.UNDO)).all()
        dead = undone(undos)
        query = sa.select(events).where(mine)
        query = query if item_id is None else query.where(events.c.item_id == item_id)
        query = query if person is None else query.where(events.c.person == person)
        rows = connection.execute(query.order_by(events.c.seq.desc()).limit(max(0, limit)))
        return [_event(row, dead) for row in rows]

    return of_project(desk, project_id, look)


def _event(row: Any, dead: set[str]) -> Event:
    payload = {**row.payload, **({"target": row.target} if row.target else {})}
    return Event(
        seq=row.seq,
        event_id=row.event_id,
        at=row.at,
        kind=EventKind(row.kind),
        person=row.person,
        project_id=row.project_id,
        item_id=row.item_id,
        payload=payload,
        undone=row.event_id in dead,
    )


def progress(desk: Desk, project_id: str) -> Progress:
    """How far a project is; hidden repeats count as labels, not as items."""
    return of_project(desk, project_id, lambda c, project: _progress(c, project, now=desk.now_ms()))


def _progress(connection: Connection, project: Any, *, now: int) -> Progress:
    import sqlalchemy as sa

    t = tables()
    items, slots, labels = t.items, t.slots, t.labels
    mine, first = items.c.project_id == project.project_id, items.c.repeat_of == ""

    def count(*where: Any, table: Any = items) -> int:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())

    open_ = sa.exists().where(slots.c.item_no == items.c.item_no, ~slots.c.done)

    def told(query: Any) -> dict[str, int]:
        return {name: int(n) for name, n in sorted(map(tuple, connection.execute(query)))}

    by_person = sa.select(labels.c.annotator, sa.func.count()).where(labels.c.project_id == project.project_id)
    day = sa.func.substr(labels.c.server_time, 1, 10)
    by_day = sa.select(day, sa.func.count()).where(labels.c.project_id == project.project_id)
    spent = connection.execute(
        sa.select(labels.c.active_s)
        .where(labels.c.project_id == project.project_id, labels.c.active_s > 0)
        .order_by(labels.c.server_time.desc())
        .limit(5000)
    )
    times = list(spent.scalars())
    settled = items.c.decision.is_not(None)
    return Progress(
        project_id=project.project_id,
        n_items=project.n_items,
        n_complete=count(mine, first, ~open_),
        n_labels=count(labels.c.project_id == project.project_id, table=labels),
        n_wanted=project.n_items * settings_of(project).overlap,
        n_leased=count(slots.c.project_id == project.project_id, ~slots.c.done, slots.c.until_ms >= now, table=slots),
        n_skipped=count(mine, items.c.item_no == t.skips.c.item_no, table=sa.join(t.skips, items)),
        n_flagged=count(mine, items.c.flagged),
        n_to_adjudicate=count(mine, items.c.waits),
        n_decided=count(mine, settled),
        n_dropped=count(mine, items.c.decision == "drop"),
        labels_by_person=told(by_person.group_by(labels.c.annotator)),
        labels_by_day=told(by_day.group_by(sa.text("1"))),
        median_active_s=statistics.median(times) if times else None,
        on_old_guideline=count(
            labels.c.project_id == project.project_id, labels.c.guideline_version < project.guideline_version, table=labels
        ),
    )
