"""Labels under a name made of their content, and what they say of each text, all ratings together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.lookups import project_row
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import new_id
from rebracket_core.annotation.entities.enums import DecisionKind, EventKind
from rebracket_core.annotation.entities.label_schema import LabelValue
from rebracket_core.annotation.entities.records import Resolved, Snapshot
from rebracket_core.annotation.events.log import NewEvent, append_event, lock_events
from rebracket_core.annotation.events.reducer import ItemState, value_of
from rebracket_core.annotation.queries import of_project, states
from rebracket_core.annotation.session import LabelSession, require
from rebracket_core.errors import InputError, StoreError
from rebracket_core.rainbow import AXIS_NAMES, TYPE_NAMES

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_LEAD = "labels-"
PROJECT = "project:"  # with a project's id: its labels as they are when a training begins
TRAINING = "(training)"  # who takes a snapshot where a training asks for one; nobody can enrol under it


def take_snapshot(session: LabelSession, project_id: str, *, by: str) -> Snapshot:
    """Name the labels of now by their content; taken again without a change, it is the same snapshot."""

    def work(connection: Connection) -> Snapshot:
        import sqlalchemy as sa

        lock_events(connection)
        if by != TRAINING:
            require(connection, by)
        project_row(connection, project_id)
        t = tables()
        now = states(connection, project_id)
        snapshot_id = _name(project_id, now)
        query = sa.select(t.snapshots).where(t.snapshots.c.project_id == project_id, t.snapshots.c.snapshot_id == snapshot_id)
        row = connection.execute(query.order_by(t.snapshots.c.seq.desc())).first()
        if row is not None:
            return _snapshot(row)
        seq = int(connection.execute(sa.select(sa.func.max(t.events.c.seq))).scalar_one())
        fresh: dict[str, Any] = {
            "snapshot_id": snapshot_id,
            "project_id": project_id,
            "at": session.now(),
            "seq": seq,
            "n_labels": sum(len(state.labels) for state in now.values()),
            "n_items": sum(bool(state.labels) for state in now.values()),
        }
        append_event(connection, NewEvent(EventKind.SNAPSHOT, new_id(), fresh["at"], by, project_id, payload=fresh))
        connection.execute(sa.insert(t.snapshots), fresh)
        return Snapshot(**fresh)

    return session.store.write(work)


def _snapshot(row: Any) -> Snapshot:
    return Snapshot(**{name: getattr(row, name) for name in Snapshot.__slots__})


def _name(project_id: str, items: dict[str, ItemState]) -> str:
    """The name of labels and decisions: the sha256 of their canonical JSON, shortened."""
    rows = []
    for item_id, state in items.items():
        rows += [["label", item_id, *key, label.label_id, label.document] for key, label in state.labels.items()]
        if state.decision:
            rows.append(["decision", item_id, state.decision["event_id"], state.decision["document"]])
        rows.append(["round", item_id, state.round])
    text = json.dumps([project_id, sorted(rows, key=repr)], sort_keys=True, ensure_ascii=True)
    return _LEAD + hashlib.sha256(text.encode()).hexdigest()[:24]


def list_snapshots(session: LabelSession, project_id: str | None = None) -> list[Snapshot]:
    """The snapshots that were taken, newest first."""
    import sqlalchemy as sa

    table = tables().snapshots
    query = sa.select(table).order_by(table.c.seq.desc())
    query = query if project_id is None else query.where(table.c.project_id == project_id)
    return [_snapshot(row) for row in session.store.read(lambda c: c.execute(query).all(), empty=[])]


def resolve_labels(session: LabelSession, project_id: str, *, snapshot_id: str | None = None) -> list[Resolved]:
    """What people say of each labelled text, as it stands or as a snapshot names it, in the order of the items.

    Dropped items are left out.

    Raises:
        InputError: for an unknown project or snapshot.
        StoreError: where a snapshot's labels are not those that its name was made of.
    """

    def read(connection: Connection, _project: Any) -> list[Resolved]:
        import sqlalchemy as sa

        items = tables().items
        found = _itemsof(connection, project_id, snapshot_id=snapshot_id)
        query = sa.select(items.c.item_id, items.c.text, items.c.text_digest, items.c.by_chance, items.c.repeat_of)
        rows = connection.execute(query.where(items.c.project_id == project_id).order_by(items.c.item_no))
        resolved = [_resolve(row, found[row.item_id]) for row in rows if row.item_id in found and not row.repeat_of]
        return [one for one in resolved if one is not None]

    return of_project(session, project_id, read=read)


def _itemsof(connection: Connection, project_id: str, *, snapshot_id: str | None) -> dict[str, ItemState]:
    """The items' states by id, as they stand or as a snapshot names them, checked against its name."""
    import sqlalchemy as sa

    if snapshot_id is None:
        return states(connection, project_id)
    t = tables()
    mine = t.snapshots.c.project_id == project_id
    row = connection.execute(sa.select(t.snapshots).where(mine, t.snapshots.c.snapshot_id == snapshot_id)).first()
    if row is None:
        raise InputError(
            "There is no such snapshot of the project.",
            expected="the id of a snapshot",
            found=repr(snapshot_id),
            hint="see the project's snapshots",
        )
    found = states(connection, project_id, seq=row.seq)
    if (name := _name(project_id, found)) != snapshot_id:
        raise StoreError(
            "The labels of a snapshot are not those that it was made of.",
            expected=snapshot_id,
            found=name,
            hint="run: rebracket doctor, and put back the latest backup",
        )
    return found


def _resolve(item: Any, state: ItemState) -> Resolved | None:
    """All ratings of an item as one; None where nobody labelled it or it was dropped."""
    kind = state.decision["document"]["kind"] if state.decision else None
    ratings = [value_of(label) for _, label in sorted(state.current.items())] or _last_ratings(state)
    if kind == DecisionKind.DROP or (not ratings and kind != DecisionKind.GOLD):
        return None
    source = {DecisionKind.GOLD: "gold", DecisionKind.KEEP: "kept"}.get(DecisionKind(kind), "votes") if kind else "votes"
    count = len(ratings)
    if kind == DecisionKind.GOLD and state.decision:
        ratings = [LabelValue.from_dict(state.decision["document"]["value"])]
    sure = [1.0 if v.confidence is None else v.confidence / 1000 for v in ratings]
    return Resolved(
        item_id=item.item_id,
        text=item.text,
        text_digest=item.text_digest,
        axes={axis: mean_shares([(v.axes[axis].shares, c) for v, c in zip(ratings, sure, strict=True)]) for axis in AXIS_NAMES},
        types=_types(ratings),
        weight=sum(sure) / len(sure),
        source=source,
        n_labels=count,
        in_random_sample=bool(item.by_chance),
    )


def _last_ratings(state: ItemState) -> list[LabelValue]:
    """The ratings of the latest earlier round that has some: an item that was sent out again keeps what is known of it."""
    rounds = {number for _, number in state.labels if number < state.round}
    return [value_of(label) for (_, n), label in sorted(state.labels.items()) if rounds and n == max(rounds)]


def mean_shares(ratings: Sequence[tuple[Sequence[float] | None, float]]) -> tuple[float, ...] | None:
    """The mean of distributions weighted by confidence; None where nobody could tell. Zero confidence counts a little."""
    answered = [(shares, max(weight, 0.01)) for shares, weight in ratings if shares is not None]
    if not answered:
        return None
    total = sum(weight for _, weight in answered)
    return tuple(sum(shares[k] * weight for shares, weight in answered) / total for k in range(len(answered[0][0])))


def _types(ratings: Sequence[LabelValue]) -> tuple[str, ...] | None:
    """The types that at least half of those who answered marked; None where nobody answered."""
    answered = [v.types for v in ratings if v.types is not None]
    if not answered:
        return None
    return tuple(name for name in TYPE_NAMES if 2 * sum(name in types for types in answered) >= len(answered))
