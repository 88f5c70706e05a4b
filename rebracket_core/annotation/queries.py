"""Items, labels, events and progress as values. Functions that only read."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.annotation.database.lookups import item_of, item_row, no_project, project_row, settings_of
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import iso_of
from rebracket_core.annotation.entities.enums import EventKind
from rebracket_core.annotation.entities.label_schema import LabelValue
from rebracket_core.annotation.entities.records import Event, Item, Label, Progress
from rebracket_core.annotation.events.projection import label_row
from rebracket_core.annotation.events.reducer import ItemState, reduce_item, undone
from rebracket_core.annotation.session import LabelSession

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

T = TypeVar("T")


def of_project(session: LabelSession, project_id: str, *, read: Callable[[Connection, Any], T]) -> T:
    """What `look` gives of a project's row, over one consistent view. Raises InputError for an unknown project."""
    found = session.store.read(lambda connection: (read(connection, project_row(connection, project_id)),), empty=None)
    if found is None:
        raise no_project(project_id)
    return found[0]


def get_item(session: LabelSession, project_id: str, *, item_id: str) -> Item:
    """One item as it stands."""
    return of_project(
        session,
        project_id,
        read=lambda c, project: item_of(item_row(c, project_id, item_id=item_id), overlap=settings_of(project).overlap),
    )


def list_items(session: LabelSession, project_id: str, *, offset: int = 0, limit: int | None = None) -> list[Item]:
    """The items in the order in which they came in."""
    import sqlalchemy as sa

    table = tables().items
    query = sa.select(table).where(table.c.project_id == project_id).order_by(table.c.item_no).offset(offset).limit(limit)
    return of_project(
        session,
        project_id,
        read=lambda c, project: [item_of(row, overlap=settings_of(project).overlap) for row in c.execute(query)],
    )


def list_labels(
    session: LabelSession,
    project_id: str,
    *,
    as_of: str | None = None,
    item_id: str | None = None,
    annotator: str | None = None,
    every_round: bool = True,
) -> list[Label]:
    """The labels as they stand, or as they stood at the moment `as_of` (ISO 8601), by item, round and annotator."""
    until = iso_of(as_of) if as_of else None

    def read(connection: Connection, _project: Any) -> tuple[list[Label], dict[str, int]]:
        if until is None:
            return _labels_now(connection, project_id), {} if every_round else _rounds_now(connection, project_id)
        then = states(connection, project_id, moment=until)
        return labels_then(connection, project_id, states=then), {item_id: state.round for item_id, state in then.items()}

    found, current = of_project(session, project_id, read=read)
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
    return {item_id: reduce_item(history) for item_id, history in by_item.items()}


def _rounds_now(connection: Connection, project_id: str) -> dict[str, int]:
    import sqlalchemy as sa

    items = tables().items
    query = sa.select(items.c.item_id, items.c.round).where(items.c.project_id == project_id)
    return {row.item_id: row.round for row in connection.execute(query)}


def labels_then(connection: Connection, project_id: str, *, states: dict[str, ItemState]) -> list[Label]:
    """The labels of items in these states."""
    import sqlalchemy as sa

    table = tables().items
    rows = {row.item_id: row for row in connection.execute(sa.select(table).where(table.c.project_id == project_id))}
    found = []
    for item_id, state in states.items():
        found += [(rows[item_id].item_no, key, label_row(rows[item_id], key, state=state)) for key in state.labels]
    ordered = sorted(found, key=lambda one: (one[0], one[1][1], one[1][0]))
    names = {row.item_no: row.item_id for row in rows.values()}
    return [label_of(row, item_id=names[number]) for number, _, row in ordered]


def label_of(row: dict[str, Any], *, item_id: str) -> Label:
    """A label's row as a value."""
    document = row["document"]
    return Label(
        label_id=row["label_id"],
        project_id=row["project_id"],
        item_id=item_id,
        text_digest=document["text_digest"],
        annotator=row["annotator"],
        round=row["round"],
        value=LabelValue.from_dict(document["value"]),
        client_time=document["client_time"],
        server_time=row["server_time"],
        guideline_version=row["guideline_version"],
        shown_run=document["shown_run"],
        shown_at=document["shown_at"],
        active_s=row["active_s"],
        source=document["source"],
        revision=document["revision"],
    )


def list_events(
    session: LabelSession, project_id: str, *, item_id: str | None = None, person: str | None = None, limit: int = 200
) -> list[Event]:
    """The events of a project, newest first, undone ones too."""
    import sqlalchemy as sa

    events = tables().events

    def read(connection: Connection, _project: Any) -> list[Event]:
        mine = events.c.project_id == project_id
        undos = connection.execute(sa.select(events).where(mine, events.c.kind == EventKind.UNDO)).all()
        dead = undone(undos)
        query = sa.select(events).where(mine)
        query = query if item_id is None else query.where(events.c.item_id == item_id)
        query = query if person is None else query.where(events.c.person == person)
        rows = connection.execute(query.order_by(events.c.seq.desc()).limit(max(0, limit)))
        return [_event(row, dead) for row in rows]

    return of_project(session, project_id, read=read)


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


def get_progress(session: LabelSession, project_id: str) -> Progress:
    """How far a project is; hidden repeats count as labels, not as items."""
    return of_project(session, project_id, read=lambda c, project: _progress(c, project, now=session.now_ms()))


def _progress(connection: Connection, project: Any, *, now: int) -> Progress:
    t = tables()
    labels = t.labels.c.project_id == project.project_id
    counts = _Counts(connection, project.project_id)
    return Progress(
        project_id=project.project_id,
        n_items=project.n_items,
        n_wanted=project.n_items * settings_of(project).overlap,
        **counts.of_items(),
        n_labels=counts.count(labels, table=t.labels),
        n_leased=counts.count(
            t.slots.c.project_id == project.project_id, ~t.slots.c.done, t.slots.c.until_ms >= now, table=t.slots
        ),
        **counts.of_labels(),
        on_old_guideline=counts.count(labels, t.labels.c.guideline_version < project.guideline_version, table=t.labels),
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts over one project's items and labels."""

    connection: Connection
    project_id: str

    def count(self, *where: Any, table: Any) -> int:
        import sqlalchemy as sa

        return int(self.connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())

    def of_items(self) -> dict[str, Any]:
        """The counts of items by the name of their field."""
        import sqlalchemy as sa

        t = tables()
        items = t.items
        mine = items.c.project_id == self.project_id
        open_ = sa.exists().where(t.slots.c.item_no == items.c.item_no, ~t.slots.c.done)
        return {
            "n_complete": self.count(mine, items.c.repeat_of == "", ~open_, table=items),
            "n_skipped": self.count(mine, items.c.item_no == t.skips.c.item_no, table=sa.join(t.skips, items)),
            "n_flagged": self.count(mine, items.c.flagged, table=items),
            "n_to_adjudicate": self.count(mine, items.c.waits, table=items),
            "n_decided": self.count(mine, items.c.decision.is_not(None), table=items),
            "n_dropped": self.count(mine, items.c.decision == "drop", table=items),
        }

    def of_labels(self) -> dict[str, Any]:
        """Labels by person and by day, and the median of the seconds spent, of the newest 5000 that tell them."""
        import sqlalchemy as sa

        labels = tables().labels
        mine = labels.c.project_id == self.project_id
        day = sa.func.substr(labels.c.server_time, 1, 10)
        by_person = sa.select(labels.c.annotator, sa.func.count()).where(mine).group_by(labels.c.annotator)
        by_day = sa.select(day, sa.func.count()).where(mine).group_by(sa.text("1"))
        spent = sa.select(labels.c.active_s).where(mine, labels.c.active_s > 0).order_by(labels.c.server_time.desc())
        times = list(self.connection.execute(spent.limit(5000)).scalars())
        return {
            "labels_by_person": self._by_key(by_person),
            "labels_by_day": self._by_key(by_day),
            "median_active_s": statistics.median(times) if times else None,
        }

    def _by_key(self, query: Any) -> dict[str, int]:
        return {name: int(n) for name, n in sorted(map(tuple, self.connection.execute(query)))}
