"""What people do with items: label, skip, flag, and undo any of it. One event a thing, and the tables follow."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.statements import rows, several, statement
from rebracket_core.annotation.database.store import lock, lock_events
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import AckStatus, EventKind, Role
from rebracket_core.annotation.entities.records import Ack, Claimed, Label, Submission
from rebracket_core.annotation.events.projection import PART, labels_there, project_items
from rebracket_core.annotation.events.reducer import undone
from rebracket_core.annotation.people import enrol_within
from rebracket_core.annotation.projects import reproject
from rebracket_core.annotation.queue.leases import lease_again
from rebracket_core.annotation.session import (
    MAX_ID,
    Desk,
    append,
    append_all,
    enter,
    event_exists,
    event_row,
    good_id,
    iso_of,
    item_row,
    project_row,
    require,
    settings_of,
    storable,
)
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection, Row

Given = tuple[str, str, dict[str, Any]]
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


def submit(desk: Desk, project_id: str, submissions: Sequence[Submission], *, by: str) -> list[Ack]:
    """One ack a submission; see `AnnotationService.submit`."""
    _not_too_many(submissions)

    given = [(s.label_id, s.item_id, storable(_payload(s, by=by))) for s in submissions]
    shown = {s.label_id: s.shown_at for s in submissions if s.shown_at}

    def work(connection: Connection) -> list[Ack]:
        lock_events(connection)
        lock(connection, by)
        project = enter(connection, project_id, by)
        return _keep(desk, connection, project, given, by=by, shown=shown)

    return desk.store.write(work)


def import_labels(desk: Desk, project_id: str, labels: Sequence[Label], *, by: str, source: str) -> list[Ack]:
    """One ack a label from elsewhere; all of them in one transaction."""
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
        key: dict[str, str] = {}
        for name in sorted({label.annotator for label in labels}):
            key[name] = enrol_within(desk, connection, " ".join(name.split()).casefold(), name=name).person_id
        given = [
            (label.label_id, label.item_id, storable(_imported(label, key[label.annotator], source=source))) for label in labels
        ]
        lock(connection, by)
        return _keep(desk, connection, project_row(connection, project_id), given, by=by, shown={})

    return desk.store.write(work)


def _not_too_many(submissions: Sequence[Submission]) -> None:
    if len(submissions) > MAX_BATCH:
        raise InputError(
            "So many labels are not taken at once.",
            expected=f"at most {MAX_BATCH}",
            found=str(len(submissions)),
            hint="send them in parts",
        )


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


def _keep(
    desk: Desk, connection: Connection, project: Any, given: Sequence[Given], *, by: str, shown: Mapping[str, str]
) -> list[Ack]:
    """The acks of labels, each written with its event; `shown` says when the client showed suggestions, by label id."""
    acks: list[Ack] = []
    for at in range(0, len(given), PART):
        acks += _keep_part(desk, connection, project, given[at : at + PART], by=by, shown=shown)
    return acks


def _keep_part(
    desk: Desk, connection: Connection, project: Any, given: Sequence[Given], *, by: str, shown: Mapping[str, str]
) -> list[Ack]:
    ids, wanted = [label_id for label_id, _, _ in given], sorted({item_id for _, item_id, _ in given})
    there: dict[str, Any] = {row.event_id: row for row in rows(connection, _events_there, ids=ids)}
    items = {row.item_id: row for row in rows(connection, _items, project=project.project_id, items=wanted)}
    numbers = [row.item_no for row in items.values()]
    _lock_slots(connection, numbers)
    stood = set(labels_there(connection, numbers))
    seen = _seen(connection, numbers, by=by) if shown else {}
    acks, events, now = [], [], desk.now()
    touched: dict[int, Row[Any]] = {}
    for label_id, item_id, payload in given:
        item = items.get(item_id)
        ack = _refusal(label_id, item, payload, there=there.get(label_id), key=(project.project_id, by, item_id))
        if ack is None:
            assert item is not None
            payload = payload | {"guideline_version": payload["guideline_version"] or project.guideline_version}
            if shown.get(label_id) and item.item_no in seen:
                payload |= {"shown_run": seen[item.item_no], "shown_at": shown[label_id][:40]}
            key = (item.item_no, payload["annotator"], payload["round"])
            ack = Ack(label_id, AckStatus.REVISED if key in stood else AckStatus.SAVED)
            stood.add(key)
            events.append(
                event_row(
                    EventKind.LABEL,
                    event_id=label_id,
                    at=now,
                    by=by,
                    project_id=project.project_id,
                    item_id=item_id,
                    payload=payload,
                )
            )
            there[label_id], touched[item.item_no] = _Made(by, item_id, project.project_id), item
        acks.append(ack)
    append_all(connection, events)
    project_items(connection, list(touched.values()), overlap=settings_of(project).overlap)
    return acks


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


class _Made:
    """An event made in this very batch, as `_refusal` looks at it."""

    def __init__(self, person: str, item_id: str, project_id: str) -> None:
        self.kind, self.person, self.item_id, self.project_id = EventKind.LABEL, person, item_id, project_id


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


def _refusal(
    label_id: str, item: Row[Any] | None, payload: Mapping[str, Any], *, there: Any, key: tuple[str, str, str]
) -> Ack | None:
    """The ack of a label that is not written: it is there already, or cannot be kept. None for one to write."""
    if there is not None:
        same = there.kind == EventKind.LABEL and (there.project_id, there.person, there.item_id) == key
        return (
            Ack(label_id, AckStatus.ALREADY)
            if same
            else Ack(label_id, AckStatus.REFUSED, "This id names something else already; give the label an id of its own.")
        )
    reason = ""
    if not 0 < len(label_id) <= MAX_ID or not label_id.isascii():
        reason = f"The id of a label is 1 to {MAX_ID} ASCII signs, such as a UUID."
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
    """Which run's suggestion was given out to this person last, by item number."""
    import sqlalchemy as sa

    shown = tables().shown
    query = (
        sa.select(shown.c.item_no, shown.c.run_id)
        .where(shown.c.item_no.in_(list(numbers)), shown.c.person == by)
        .order_by(shown.c.at)
    )
    return {row.item_no: row.run_id for row in connection.execute(query)}


def skip(desk: Desk, project_id: str, item_id: str, *, by: str, reason: str, event_id: str | None) -> str:
    """The id of the event; the person's lease on the item ends."""

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

    return on_item(desk, project_id, item_id, kind=EventKind.SKIP, by=by, event_id=event_id, act=act)


def flag(desk: Desk, project_id: str, item_id: str, *, by: str, note: str, event_id: str | None) -> str:
    """The id of the event; the item waits for a reviewer."""
    return on_item(
        desk,
        project_id,
        item_id,
        kind=EventKind.FLAG,
        by=by,
        event_id=event_id,
        act=lambda _connection, _item: {"note": note[:MAX_NOTE]},
    )


def on_item(
    desk: Desk,
    project_id: str,
    item_id: str,
    *,
    kind: EventKind,
    by: str,
    event_id: str | None,
    act: Callable[[Connection, Row[Any]], dict[str, Any]],
    role: Role = Role.ANNOTATOR,
) -> str:
    """The id of an event on one item, written once: `act` does what else belongs to it and gives the event's payload."""
    chosen = good_id(event_id)

    def work(connection: Connection) -> str:
        lock_events(connection)
        lock(connection, by)
        require(connection, by, role=role)
        if event_exists(connection, chosen):
            return chosen
        overlap = settings_of(project_row(connection, project_id)).overlap
        item = item_row(connection, project_id, item_id)
        append(
            connection,
            kind,
            event_id=chosen,
            at=desk.now(),
            by=by,
            project_id=project_id,
            item_id=item_id,
            payload=act(connection, item),
        )
        if kind is EventKind.DECISION:
            reproject(connection, project_id)
        project_items(connection, [item], overlap=overlap)
        return chosen

    return desk.store.write(work)


def undo(desk: Desk, event_id: str, *, by: str, undo_id: str | None) -> Claimed | None:
    """The item leased again where a label or skip was undone; see `AnnotationService.undo`."""
    chosen = good_id(undo_id)

    def work(connection: Connection) -> Claimed | None:
        lock_events(connection)
        lock(connection, by)
        require(connection, by)
        if event_exists(connection, chosen):
            return None
        event = _undoable(connection, event_id, by=by)
        append(
            connection,
            EventKind.UNDO,
            event_id=chosen,
            at=desk.now(),
            by=by,
            project_id=event.project_id,
            item_id=event.item_id,
            target=event_id,
        )
        if event.project_id and not event.item_id:
            reproject(connection, event.project_id)
        else:
            return _undone_on_item(desk, connection, event, by=by)
        return None

    return desk.store.write(work, soon=True)


def _undone_on_item(desk: Desk, connection: Connection, event: Row[Any], *, by: str) -> Claimed | None:
    if event.kind in (EventKind.DECISION, EventKind.UNDO):
        reproject(connection, event.project_id)
    settings = settings_of(project_row(connection, event.project_id))
    project_items(connection, [item_row(connection, event.project_id, event.item_id)], overlap=settings.overlap)
    if event.kind in (EventKind.LABEL, EventKind.SKIP) and event.person == by:
        item = item_row(connection, event.project_id, event.item_id)
        if event.payload["round"] != item.round:  # of an earlier round: what this person does in the present one stands
            return None
        return lease_again(desk, connection, item, by=by, settings=settings)
    return None


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
