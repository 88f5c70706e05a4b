"""What people do with items: label, skip, flag, and undo any of it. One event a thing, and the tables follow."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.desk import (
    MAX_ID,
    Desk,
    append,
    event_exists,
    good_id,
    iso_of,
    item_row,
    project_row,
    require,
    settings_of,
)
from rebracket_core.annotation.folding import undone
from rebracket_core.annotation.kinds import AckStatus, EventKind, Role
from rebracket_core.annotation.people import enrol_within
from rebracket_core.annotation.projecting import project_item
from rebracket_core.annotation.projects import reproject
from rebracket_core.annotation.queue import lease_again
from rebracket_core.annotation.store import lock, lock_events
from rebracket_core.annotation.tables import tables
from rebracket_core.annotation.values import Ack, Claimed, Label, Submission
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

MAX_BATCH = 1000
MAX_NOTE = 10_000
_UNDOABLE = frozenset({EventKind.LABEL, EventKind.SKIP, EventKind.FLAG, EventKind.DECISION, EventKind.SETTINGS,
                       EventKind.GUIDELINE, EventKind.UNDO})


def submit(desk: Desk, project_id: str, submissions: Sequence[Submission], *, by: str) -> list[Ack]:
    """One ack a submission; see `AnnotationService.submit`."""
    _not_too_many(submissions)

    def work(connection: Connection) -> list[Ack]:
        require(connection, by)
        given = [(s.label_id, s.item_id, _payload(s, by=by)) for s in submissions]
        return _keep(desk, connection, project_id, given, by=by, shown={s.label_id: s.shown_at for s in submissions})

    return desk.store.write(work)


def import_labels(desk: Desk, project_id: str, labels: Sequence[Label], *, by: str, source: str) -> list[Ack]:
    """One ack a label from elsewhere; all of them in one transaction."""
    if not source.strip():
        raise InputError("Imported labels need a source.", expected="the name of the file", found=repr(source),
                         hint="say where the labels come from")

    def work(connection: Connection) -> list[Ack]:
        lock_events(connection)
        require(connection, by, role=Role.REVIEWER)
        key: dict[str, str] = {}
        for name in sorted({label.annotator for label in labels}):
            key[name] = enrol_within(desk, connection, " ".join(name.split()).casefold(), name=name).person_id
        given = [(label.label_id, label.item_id, _imported(label, key[label.annotator], source=source)) for label in labels]
        return _keep(desk, connection, project_id, given, by=by, shown=None)

    return desk.store.write(work)


def _not_too_many(submissions: Sequence[Submission]) -> None:
    if len(submissions) > MAX_BATCH:
        raise InputError("So many labels are not taken at once.", expected=f"at most {MAX_BATCH}",
                         found=str(len(submissions)), hint="send them in parts")


def _payload(given: Submission, *, by: str) -> dict[str, Any]:
    return {
        "annotator": by, "round": given.round, "text_digest": given.text_digest, "value": given.value.to_dict(),
        "client_time": given.client_time[:40], "guideline_version": given.guideline_version,
        "active_s": given.active_s if math.isfinite(given.active_s) and given.active_s > 0 else 0.0,
        "lease_id": given.lease_id, "shown_run": "", "shown_at": "", "source": "",
    }


def _imported(label: Label, annotator: str, *, source: str) -> dict[str, Any]:
    return {
        "annotator": annotator, "round": label.round, "text_digest": label.text_digest, "value": label.value.to_dict(),
        "client_time": label.client_time[:40], "server_time": iso_of(label.server_time) if label.server_time else "",
        "guideline_version": label.guideline_version, "active_s": max(0.0, label.active_s), "lease_id": "",
        "shown_run": label.shown_run, "shown_at": label.shown_at, "source": source,
    }


def _keep(
    desk: Desk, connection: Connection, project_id: str, given: Sequence[tuple[str, str, dict[str, Any]]], *, by: str,
    shown: Mapping[str, str] | None,
) -> list[Ack]:
    """The acks of labels, each written with its event; `shown` says when the client showed suggestions."""
    import sqlalchemy as sa

    t = tables()
    lock_events(connection)
    lock(connection, by)
    project = project_row(connection, project_id)
    overlap, version = settings_of(project).overlap, project.guideline_version
    ids = [label_id for label_id, _, _ in given]
    there: dict[str, Any] = {row.event_id: row for row in connection.execute(
        sa.select(t.events.c.event_id, t.events.c.kind, t.events.c.person, t.events.c.item_id, t.events.c.project_id)
        .where(t.events.c.event_id.in_(ids)))}
    wanted = sorted({item_id for _, item_id, _ in given})
    items = {row.item_id: row for row in connection.execute(
        sa.select(t.items).where(t.items.c.project_id == project_id, t.items.c.item_id.in_(wanted)))}
    _lock_slots(connection, [row.item_no for row in items.values()])
    acks: list[Ack] = []
    for label_id, item_id, payload in given:
        ack = _refusal(label_id, items.get(item_id), payload, there=there.get(label_id), key=(project_id, by, item_id))
        if ack is None:
            payload["guideline_version"] = payload["guideline_version"] or version
            if shown is not None and shown.get(label_id):
                payload |= _seen(connection, items[item_id], by=by, at=shown[label_id])
            ack = _one(desk, connection, items[item_id], label_id, payload, by=by, overlap=overlap)
            there[label_id] = _Made(by, item_id, project_id)
        acks.append(ack)
    return acks


class _Made:
    """An event made in this very batch, as `_refusal` looks at it."""

    def __init__(self, person: str, item_id: str, project_id: str) -> None:
        self.kind, self.person, self.item_id, self.project_id = EventKind.LABEL, person, item_id, project_id


def _lock_slots(connection: Connection, numbers: Sequence[int]) -> None:
    import sqlalchemy as sa

    slots = tables().slots
    if connection.dialect.name == "postgresql" and numbers:
        connection.execute(sa.select(slots.c.slot_no).where(slots.c.item_no.in_(numbers)).order_by(
            slots.c.item_no, slots.c.slot_no).with_for_update())


def _refusal(
    label_id: str, item: Row[Any] | None, payload: Mapping[str, Any], *, there: Any, key: tuple[str, str, str],
) -> Ack | None:
    """The ack of a label that is not written: it is there already, or cannot be kept. None for one to write."""
    if there is not None:
        same = there.kind == EventKind.LABEL and (there.project_id, there.person, there.item_id) == key
        return Ack(label_id, AckStatus.ALREADY) if same else Ack(
            label_id, AckStatus.REFUSED, "This id names something else already; give the label an id of its own.")
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


def _seen(connection: Connection, item: Row[Any], *, by: str, at: str) -> dict[str, str]:
    """Which run's suggestion was seen; nothing where none was ever given out to this person."""
    import sqlalchemy as sa

    shown = tables().shown
    query = sa.select(shown.c.run_id).where(shown.c.item_no == item.item_no, shown.c.person == by).order_by(shown.c.at.desc())
    run_id = connection.execute(query).scalars().first()
    return {"shown_run": run_id, "shown_at": at[:40]} if run_id else {}


def _one(
    desk: Desk, connection: Connection, item: Row[Any], label_id: str, payload: dict[str, Any], *, by: str, overlap: int,
) -> Ack:
    import sqlalchemy as sa

    labels = tables().labels
    stood = connection.execute(sa.select(labels.c.label_id).where(
        labels.c.item_no == item.item_no, labels.c.annotator == payload["annotator"], labels.c.round == payload["round"]))
    revised = stood.first() is not None
    append(connection, EventKind.LABEL, event_id=label_id, at=desk.now(), by=by, project_id=item.project_id,
           item_id=item.item_id, payload=payload)
    project_item(connection, item, overlap=overlap)
    return Ack(label_id, AckStatus.REVISED if revised else AckStatus.SAVED)


def skip(desk: Desk, project_id: str, item_id: str, *, by: str, reason: str, event_id: str | None) -> str:
    """The id of the event; the person's lease on the item ends."""
    def act(connection: Connection, item: Row[Any]) -> dict[str, Any]:
        import sqlalchemy as sa

        t = tables()
        query = sa.select(t.labels.c.label_id).where(t.labels.c.item_no == item.item_no, t.labels.c.annotator == by,
                                                     t.labels.c.round == item.round)
        if connection.execute(query).first():
            raise InputError("You labelled this item already.", expected="an item without a label of yours", found=item_id,
                             hint="undo the label, then skip")
        connection.execute(sa.update(t.slots).where(
            t.slots.c.item_no == item.item_no, t.slots.c.person == by, ~t.slots.c.done,
        ).values(person=None, lease_id="", until_ms=0))
        return {"round": item.round, "reason": reason[:MAX_NOTE]}

    return on_item(desk, project_id, item_id, kind=EventKind.SKIP, by=by, event_id=event_id, act=act)


def flag(desk: Desk, project_id: str, item_id: str, *, by: str, note: str, event_id: str | None) -> str:
    """The id of the event; the item waits for a reviewer."""
    return on_item(desk, project_id, item_id, kind=EventKind.FLAG, by=by, event_id=event_id,
                   act=lambda _connection, _item: {"note": note[:MAX_NOTE]})


def on_item(
    desk: Desk, project_id: str, item_id: str, *, kind: EventKind, by: str, event_id: str | None,
    act: Callable[[Connection, Row[Any]], dict[str, Any]], role: Role = Role.ANNOTATOR,
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
        append(connection, kind, event_id=chosen, at=desk.now(), by=by, project_id=project_id, item_id=item_id,
               payload=act(connection, item))
        if kind is EventKind.DECISION:
            reproject(connection, project_id)
        project_item(connection, item, overlap=overlap)
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
        append(connection, EventKind.UNDO, event_id=chosen, at=desk.now(), by=by, project_id=event.project_id,
               item_id=event.item_id, target=event_id)
        if event.project_id and not event.item_id:
            reproject(connection, event.project_id)
        else:
            return _undone_on_item(desk, connection, event, by=by)
        return None

    return desk.store.write(work)


def _undone_on_item(desk: Desk, connection: Connection, event: Row[Any], *, by: str) -> Claimed | None:
    if event.kind in (EventKind.DECISION, EventKind.UNDO):
        reproject(connection, event.project_id)
    settings = settings_of(project_row(connection, event.project_id))
    project_item(connection, item_row(connection, event.project_id, event.item_id), overlap=settings.overlap)
    if event.kind in (EventKind.LABEL, EventKind.SKIP) and event.person == by:
        item = item_row(connection, event.project_id, event.item_id)
        return lease_again(desk, connection, item, by=by, settings=settings)
    return None


def _undoable(connection: Connection, event_id: str, *, by: str) -> Row[Any]:
    import sqlalchemy as sa

    events = tables().events
    event = connection.execute(sa.select(events).where(events.c.event_id == event_id)).first()
    if event is None or event.kind not in _UNDOABLE:
        raise InputError("This cannot be undone.", expected="the id of a label, skip, flag, decision, setting or undo",
                         found=repr(event_id)[:100], hint="look at the history for the id")
    if event.person != by or event.kind == EventKind.SETTINGS:
        require(connection, by, role=Role.ADMIN)
    query = sa.select(events).where(events.c.project_id == event.project_id, events.c.item_id == event.item_id,
                                    events.c.kind == EventKind.UNDO)
    if event_id in undone(connection.execute(query).all()):
        raise InputError("This is undone already.", expected="something that stands", found=event_id,
                         hint="undo the undo to do it again")
    return event
