"""What people do with items: label, skip, flag, and undo any of it. One event an act, and the tables follow."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rebracket_core.annotation.database.lookups import CLOSED, item_row, open_project, project_row, settings_of
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import iso_of, storable
from rebracket_core.annotation.entities.enums import AckStatus, EventKind, Role
from rebracket_core.annotation.entities.records import Ack, Claimed, Label, Submission
from rebracket_core.annotation.events.log import (
    MAX_ID,
    NewEvent,
    append_event,
    append_events,
    event_exists,
    lock_events,
    valid_event_id,
)
from rebracket_core.annotation.events.projection import PART, labels_there, update_items
from rebracket_core.annotation.events.reducer import undone
from rebracket_core.annotation.people import enrol_within
from rebracket_core.annotation.projects import reproject
from rebracket_core.annotation.queue.leases import lease_again
from rebracket_core.annotation.session import LabelSession, enter, require
from rebracket_core.database import lock, rows, several, statement
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection, Row

MAX_BATCH = 1000
MAX_NOTE = 10_000
_UNDOABLE = frozenset(
    {
        EventKind.LABEL,
        EventKind.SKIP,
        EventKind.FLAG,
        EventKind.DECISION,
        EventKind.SETTINGS,
        EventKind.GUIDELINE,
        EventKind.UNDO,
    }
)
_LABELLING = frozenset({EventKind.LABEL, EventKind.SKIP, EventKind.FLAG})
"""What only an open project takes; decisions, settings and guidelines go on where it is closed."""


class _NewLabel(NamedTuple):
    """A label on its way into the log: its id, its item's id, and the payload of its event."""

    label_id: str
    item_id: str
    payload: dict[str, Any]


def submit_labels(session: LabelSession, project_id: str, *, submissions: Sequence[Submission], by: str) -> list[Ack]:
    """Save labels and acknowledge each; what is acknowledged is on disk.

    A label whose lease ran out is saved all the same. A second label of a person for the same item and round is a revision.
    A closed project takes no more: its labels are refused one by one, and what was saved before is "already".

    Returns:
        One ack a submission, in order: the same `label_id` again is "already", and a refused one stops none of the others.

    Raises:
        InputError: for more than `MAX_BATCH` labels, an unknown project, or a person who may not label.
    """
    if len(submissions) > MAX_BATCH:
        raise InputError(
            "So many labels are not taken at once.",
            expected=f"at most {MAX_BATCH}",
            found=str(len(submissions)),
            hint="send them in parts",
        )
    given = [_NewLabel(s.label_id, s.item_id, storable(_payload(s, by=by))) for s in submissions]
    shown = {s.label_id: s.shown_at for s in submissions if s.shown_at}

    def work(connection: Connection) -> list[Ack]:
        lock_events(connection)
        lock(connection, by)
        project = enter(connection, project_id, by=by)
        return _save(connection, given, _Saving(project, by=by, now=session.now(), shown=shown))

    return session.store.write(work)


def submit_imported(session: LabelSession, project_id: str, *, labels: Sequence[Label], by: str, source: str) -> list[Ack]:
    """Save labels from elsewhere (reviewers and admins) under their own annotators, times and `source`, in one transaction.

    An annotator who is not known is enrolled. The item is found by its id and the digest of its text. `label_id` stays.

    Returns:
        One ack a label, in order; sent twice, it is "already".

    Raises:
        InputError: without a source, for a person who may not import, or for a closed project.
    """
    if not source.strip():
        raise InputError(
            "Imported labels need a source.",
            expected="the name of the file",
            found=repr(source),
            hint="say where the labels come from",
        )

    def work(connection: Connection) -> list[Ack]:
        lock_events(connection)
        require(connection, by, role=Role.REVIEWER)
        project = open_project(connection, project_id)
        key: dict[str, str] = {}
        for name in sorted({label.annotator for label in labels}):
            key[name] = enrol_within(connection, name, name=name, at=session.now()).person_id
        given = [
            _NewLabel(label.label_id, label.item_id, storable(_imported(label, key[label.annotator], source=source)))
            for label in labels
        ]
        lock(connection, by)
        return _save(connection, given, _Saving(project, by=by, now=session.now()))

    return session.store.write(work)


def _payload(given: Submission, *, by: str) -> dict[str, Any]:
    return {
        "annotator": by,
        "round": given.round,
        "text_digest": given.text_digest,
        "value": given.value.to_dict(),
        "client_time": given.client_time[:40],
        "guideline_version": given.guideline_version,
        "active_s": given.active_s if math.isfinite(given.active_s) and given.active_s > 0 else 0.0,
        "lease_id": given.lease_id,
        "shown_run": "",
        "shown_at": "",
        "source": "",
    }


def _imported(label: Label, annotator: str, *, source: str) -> dict[str, Any]:
    return {
        "annotator": annotator,
        "round": label.round,
        "text_digest": label.text_digest,
        "value": label.value.to_dict(),
        "client_time": label.client_time[:40],
        "server_time": iso_of(label.server_time) if label.server_time else "",
        "guideline_version": label.guideline_version,
        "active_s": max(0.0, label.active_s),
        "lease_id": "",
        "shown_run": label.shown_run,
        "shown_at": label.shown_at,
        "source": source,
    }


@dataclass(frozen=True, slots=True)
class _Saving:
    """Into which project labels are saved, by whom and when; `shown`: when the client showed suggestions, by label id."""

    project: Any
    by: str
    now: str
    shown: Mapping[str, str] = field(default_factory=dict)


def _save(connection: Connection, given: Sequence[_NewLabel], saving: _Saving) -> list[Ack]:
    """The acks of labels, each written with its event, a part at a time."""
    acks: list[Ack] = []
    for at in range(0, len(given), PART):
        acks += _save_part(connection, given[at : at + PART], saving)
    return acks


def _save_part(connection: Connection, given: Sequence[_NewLabel], saving: _Saving) -> list[Ack]:
    batch = _Batch.of(connection, given, saving)
    acks = [batch.take(label) for label in given]
    append_events(connection, batch.events)
    update_items(connection, list(batch.touched.values()), overlap=settings_of(saving.project).overlap)
    return acks


@dataclass(slots=True)
class _Batch:
    """Labels that are saved together: what the tables hold of them, and the events that they become.

    `there` are the events of their ids, `items` the rows by item id, `stood` the labels by item number, annotator and round,
    `seen` the run whose suggestion this person was shown last, by item number.
    """

    saving: _Saving
    there: dict[str, Any]
    items: dict[str, Any]
    stood: set[tuple[int, str, int]]
    seen: dict[int, str]
    events: list[NewEvent] = field(default_factory=list)
    touched: dict[int, Row[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, given: Sequence[_NewLabel], saving: _Saving) -> _Batch:
        """What the tables hold of these labels; their items' slots are locked."""
        ids, wanted = [label.label_id for label in given], sorted({label.item_id for label in given})
        there = {row.event_id: row for row in rows(connection, _events_there, ids=ids)}
        items = {row.item_id: row for row in rows(connection, _items, project=saving.project.project_id, items=wanted)}
        numbers = [row.item_no for row in items.values()]
        _lock_slots(connection, numbers)
        seen = _seen(connection, numbers, by=saving.by) if saving.shown else {}
        return cls(saving, there, items, set(labels_there(connection, numbers)), seen)

    def take(self, label: _NewLabel) -> Ack:
        """The ack of a label; one that can be saved becomes an event."""
        saving, project, item = self.saving, self.saving.project, self.items.get(label.item_id)
        key = (project.project_id, saving.by, label.item_id)
        refusal = _refusal(label, item, there=self.there.get(label.label_id), key=key, closed=project.closed)
        if refusal is not None:
            return refusal
        assert item is not None
        payload = label.payload | {"guideline_version": label.payload["guideline_version"] or project.guideline_version}
        if saving.shown.get(label.label_id) and item.item_no in self.seen:
            payload |= {"shown_run": self.seen[item.item_no], "shown_at": saving.shown[label.label_id][:40]}
        place = (item.item_no, payload["annotator"], payload["round"])
        status = AckStatus.REVISED if place in self.stood else AckStatus.SAVED
        self.stood.add(place)
        event = NewEvent(
            EventKind.LABEL, label.label_id, saving.now, saving.by, project.project_id, label.item_id, payload=payload
        )
        self.events.append(event)
        self.there[label.label_id] = _Appended(event)
        self.touched[item.item_no] = item
        return Ack(label.label_id, status)


@statement
def _events_there(n: int) -> Select[Any]:
    import sqlalchemy as sa

    events = tables().events
    return sa.select(events.c.event_id, events.c.kind, events.c.person, events.c.item_id, events.c.project_id).where(
        events.c.event_id.in_(several("ids", n))
    )


@statement
def _items(n: int) -> Select[Any]:
    import sqlalchemy as sa

    items = tables().items
    return sa.select(items).where(items.c.project_id == sa.bindparam("project"), items.c.item_id.in_(several("items", n)))


class _Appended:
    """An event of this very batch, with the columns that `_refusal` reads."""

    def __init__(self, event: NewEvent) -> None:
        self.kind, self.person, self.item_id, self.project_id = event.kind, event.by, event.item_id, event.project_id


def _lock_slots(connection: Connection, numbers: Sequence[int]) -> None:
    import sqlalchemy as sa

    slots = tables().slots
    if connection.dialect.name == "postgresql" and numbers:
        connection.execute(
            sa.select(slots.c.slot_no)
            .where(slots.c.item_no.in_(numbers))
            .order_by(slots.c.item_no, slots.c.slot_no)
            .with_for_update()
        )


def _refusal(label: _NewLabel, item: Row[Any] | None, *, there: Any, key: tuple[str, str, str], closed: bool) -> Ack | None:
    """The ack of a label that is not written: it is there already, or cannot be saved. None for one to write."""
    label_id, payload = label.label_id, label.payload
    if there is not None:
        if there.kind == EventKind.LABEL and (there.project_id, there.person, there.item_id) == key:
            return Ack(label_id, AckStatus.ALREADY)
        return Ack(label_id, AckStatus.REFUSED, "This id names something else already; give the label an id of its own.")
    reason = ""
    if not 0 < len(label_id) <= MAX_ID or not label_id.isascii():
        reason = f"The id of a label is 1 to {MAX_ID} ASCII signs, such as a UUID."
    elif closed:
        reason = CLOSED
    elif item is None:
        reason = "The project has no such item."
    elif payload["text_digest"] != item.text_digest:
        reason = "The label was given for another text than the item has."
    elif not 1 <= payload["round"] <= item.round:
        reason = f"The item is in round {item.round}, the label says {payload['round']}."
    elif len(payload["value"]["note"]) > MAX_NOTE:
        reason = f"The note is longer than {MAX_NOTE} signs."
    return Ack(label_id, AckStatus.REFUSED, reason) if reason else None


def _seen(connection: Connection, numbers: Sequence[int], *, by: str) -> dict[int, str]:
    """The run whose suggestion this person was shown last, by item number."""
    import sqlalchemy as sa

    shown = tables().shown
    query = (
        sa.select(shown.c.item_no, shown.c.run_id)
        .where(shown.c.item_no.in_(list(numbers)), shown.c.person == by)
        .order_by(shown.c.at)
    )
    return {row.item_no: row.run_id for row in connection.execute(query)}


def skip_item(
    session: LabelSession, project_id: str, *, item_id: str, by: str, reason: str = "", event_id: str | None = None
) -> str:
    """Skip an item: it is not offered to this person again, their lease ends, and somebody else gets it.

    Returns:
        The id of the event; the same `event_id` again changes nothing.
    """

    def act(connection: Connection, item: Row[Any]) -> dict[str, Any]:
        import sqlalchemy as sa

        t = tables()
        query = sa.select(t.labels.c.label_id).where(
            t.labels.c.item_no == item.item_no, t.labels.c.annotator == by, t.labels.c.round == item.round
        )
        if connection.execute(query).first():
            raise InputError(
                "You labelled this item already.",
                expected="an item without a label of yours",
                found=item_id,
                hint="undo the label, then skip",
            )
        connection.execute(
            sa.update(t.slots)
            .where(t.slots.c.item_no == item.item_no, t.slots.c.person == by, ~t.slots.c.done)
            .values(person=None, lease_id="", until_ms=0)
        )
        return {"round": item.round, "reason": reason[:MAX_NOTE]}

    return act_on_item(session, project_id, item_id=item_id, by=by, act=ItemAct(EventKind.SKIP, act, event_id))


def flag_item(
    session: LabelSession, project_id: str, *, item_id: str, by: str, note: str = "", event_id: str | None = None
) -> str:
    """Flag an item for a reviewer and return the id of the event; the same `event_id` again changes nothing."""
    act = ItemAct(EventKind.FLAG, lambda _connection, _item: {"note": note[:MAX_NOTE]}, event_id)
    return act_on_item(session, project_id, item_id=item_id, by=by, act=act)


@dataclass(frozen=True, slots=True)
class ItemAct:
    """An act on one item: `write` does what belongs to it beside the event, and gives the event's payload."""

    kind: EventKind
    write: Callable[[Connection, Row[Any]], dict[str, Any]]
    event_id: str | None = None
    role: Role = Role.ANNOTATOR


def act_on_item(session: LabelSession, project_id: str, *, item_id: str, by: str, act: ItemAct) -> str:
    """Append the event of an act on one item, once, and return its id. Raises InputError for a role too low."""
    chosen = valid_event_id(act.event_id)

    def work(connection: Connection) -> str:
        lock_events(connection)
        lock(connection, by)
        require(connection, by, role=act.role)
        if event_exists(connection, chosen):
            return chosen
        find = open_project if act.kind in _LABELLING else project_row
        overlap = settings_of(find(connection, project_id)).overlap
        item = item_row(connection, project_id, item_id=item_id)
        event = NewEvent(act.kind, chosen, session.now(), by, project_id, item_id, payload=act.write(connection, item))
        append_event(connection, event)
        if act.kind is EventKind.DECISION:
            reproject(connection, project_id)
        update_items(connection, [item], overlap=overlap)
        return chosen

    return session.store.write(work)


def undo_event(session: LabelSession, event_id: str, *, by: str, undo_id: str | None = None) -> Claimed | None:
    """Undo a label, skip, flag, decision, setting, guideline, or an undo (which does it again).

    One's own, or anybody's for an admin. In a closed project labels, skips and flags stand as they are: InputError.

    Returns:
        The item, leased again to the person whose label or skip was undone; None for other things.
    """
    chosen = valid_event_id(undo_id)

    def work(connection: Connection) -> Claimed | None:
        lock_events(connection)
        lock(connection, by)
        require(connection, by)
        if event_exists(connection, chosen):
            return None
        event = _undoable(connection, event_id, by=by)
        if _first_of(connection, event).kind in _LABELLING:
            open_project(connection, event.project_id)
        undo = NewEvent(EventKind.UNDO, chosen, session.now(), by, event.project_id, event.item_id, target=event_id)
        append_event(connection, undo)
        if event.project_id and not event.item_id:
            reproject(connection, event.project_id)
            return None
        return _undone_on_item(connection, event, by=by, now=session.now_ms())

    return session.store.write(work, soon=True)


def _undone_on_item(connection: Connection, event: Row[Any], *, by: str, now: int) -> Claimed | None:
    if event.kind in (EventKind.DECISION, EventKind.UNDO):
        reproject(connection, event.project_id)
    settings = settings_of(project_row(connection, event.project_id))
    item = item_row(connection, event.project_id, item_id=event.item_id)
    update_items(connection, [item], overlap=settings.overlap)
    if event.kind in (EventKind.LABEL, EventKind.SKIP) and event.person == by:
        item = item_row(connection, event.project_id, item_id=event.item_id)
        if event.payload["round"] != item.round:  # of an earlier round: what this person does in the present one stands
            return None
        return lease_again(connection, item, by=by, settings=settings, now=now)
    return None


def _first_of(connection: Connection, event: Row[Any]) -> Row[Any]:
    """What an event is about in the end: itself, or what an undo, or an undo of an undo, takes back."""
    import sqlalchemy as sa

    events = tables().events
    while event.kind == EventKind.UNDO:
        event = connection.execute(sa.select(events).where(events.c.event_id == event.target)).one()
    return event


def _undoable(connection: Connection, event_id: str, *, by: str) -> Row[Any]:
    import sqlalchemy as sa

    events = tables().events
    event = connection.execute(sa.select(events).where(events.c.event_id == event_id)).first()
    if event is None or event.kind not in _UNDOABLE:
        raise InputError(
            "This cannot be undone.",
            expected="the id of a label, skip, flag, decision, setting or undo",
            found=repr(event_id)[:100],
            hint="look at the history for the id",
        )
    if event.person != by or event.kind == EventKind.SETTINGS:
        require(connection, by, role=Role.ADMIN)
    query = sa.select(events).where(
        events.c.project_id == event.project_id, events.c.item_id == event.item_id, events.c.kind == EventKind.UNDO
    )
    if event_id in undone(connection.execute(query).all()):
        raise InputError(
            "This is undone already.", expected="something that stands", found=event_id, hint="undo the undo to do it again"
        )
    return event
