"""Who labels what now: leases on slots, given out in one short transaction. A lease that ran out is free at once, because
every claim looks at the clock; nothing has to sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.statements import rows, run, statement
from rebracket_core.annotation.database.store import lock, lock_events
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import DecisionKind, EventKind, SuggestionPolicy
from rebracket_core.annotation.entities.records import (
    Claimed,
    ClaimResult,
    EmptyQueue,
    Item,
    Lease,
    ProjectSettings,
    Suggestion,
)
from rebracket_core.annotation.queue.suggestions import latest
from rebracket_core.annotation.session import Desk, append, enter, new_id, project_row, require, settings_of
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Update
    from sqlalchemy.engine import Connection, Row

MAX_CLAIM = 100


def claim(desk: Desk, project_id: str, n: int, *, by: str, holding: Sequence[str]) -> ClaimResult:
    """Up to n items, leased; see `AnnotationService.claim`."""
    if not 0 < n <= MAX_CLAIM or len(holding) > MAX_CLAIM:
        raise InputError(
            "So many items are not given out at once.",
            expected=f"1 to {MAX_CLAIM}",
            found=str(n),
            hint="claim some, label them, claim again",
        )

    def take(connection: Connection) -> tuple[Row[Any], tuple[Claimed, ...], int]:
        lock(connection, by)
        project = enter(connection, project_id, by)
        settings, now = settings_of(project), desk.now_ms()
        if project.closed:
            return project, (), now
        taken = _take(connection, project_id, n, by=by, holding=holding, settings=settings, now=now)
        return project, _given(desk, connection, taken, by=by, until=now + settings.lease_s * 1000, settings=settings), now

    def explain(connection: Connection) -> EmptyQueue:
        if project.closed:
            return EmptyQueue("The project is closed.", total=project.n_items, complete=_complete(connection, project))
        return why_empty(connection, project, by=by, now=now, held=len(given) + len(holding))

    project, given, now = desk.store.write(take, durable=False, soon=True)
    if len(given) == n:
        return ClaimResult(given)
    # Counting takes longer than leasing, and nobody else has to wait for it.
    return ClaimResult(given, desk.store.read(explain, empty=None))


def _take(
    connection: Connection, project_id: str, n: int, *, by: str, holding: Sequence[str], settings: ProjectSettings, now: int
) -> list[Any]:
    """The slots for a person: first those that they hold, then free ones in the queue's order; all leased anew."""
    until = now + settings.lease_s * 1000
    mine = sorted(rows(connection, _mine, project=project_id, me=by, now=now), key=lambda slot: (slot.rank, slot.item_no))
    kept, held = set(holding), [row for row in mine if row.item_id not in holding]
    chosen = held[:n]
    if len(chosen) < n:
        free = rows(connection, _free, project=project_id, me=by, now=now, limit=(n - len(chosen)) * settings.overlap)
        seen = {row.item_no for row in mine}
        for row in free:
            if row.item_no not in seen and len(chosen) < n:
                seen.add(row.item_no)
                chosen.append(row)
    fresh = chosen[len(held[:n]) :]
    run(connection, _forget, [{"item": row.item_no, "me": by} for row in fresh])
    leases = {row.slot_no: row.lease_id for row in held[:n]} | {row.slot_no: new_id() for row in fresh}
    renew = [{"no": no, "lease": lease, "me": by, "until": until} for no, lease in leases.items()]
    renew += [{"no": r.slot_no, "lease": r.lease_id, "me": by, "until": until} for r in mine if r.item_id in kept]
    run(connection, _lease, renew)
    return [(row, leases[row.slot_no]) for row in chosen]


def _columns() -> list[ColumnElement[Any]]:
    t = tables()
    return [t.slots.c.slot_no, t.slots.c.lease_id, t.slots.c.until_ms, *t.items.c]


@statement
def _mine() -> Select[Any]:
    """The slots that a person holds now, in no order: asked for one, SQLite would walk along the whole queue.

    On PostgreSQL they are locked; those that are being written are left out.
    """
    import sqlalchemy as sa

    t = tables()
    return (
        sa.select(*_columns())
        .join_from(t.slots, t.items)
        .where(
            t.slots.c.project_id == sa.bindparam("project"),
            ~t.slots.c.done,
            t.slots.c.person == sa.bindparam("me"),
            t.slots.c.until_ms >= sa.bindparam("now"),
        )
        .with_for_update(of=t.slots, skip_locked=True)
    )


@statement
def _free() -> Select[Any]:
    """The free slots that a person may take, in the queue's order: one walk along one index."""
    import sqlalchemy as sa

    t = tables()
    slots = t.slots
    me: Any = sa.bindparam("me")
    now: Any = sa.bindparam("now")
    return (
        sa.select(*_columns())
        .join_from(slots, t.items)
        .where(slots.c.project_id == sa.bindparam("project"), ~slots.c.done, slots.c.until_ms < now, *_may_take(me, now))
        .order_by(slots.c.rank, slots.c.item_no)
        .limit(sa.bindparam("limit"))
        .with_for_update(of=slots, skip_locked=True)
    )


def _may_take(me: Any, now: Any) -> list[ColumnElement[bool]]:
    """What must hold of a slot besides being free: not labelled, held or skipped by the person, nor kept for another."""
    import sqlalchemy as sa

    t = tables()
    slots, other = t.slots, t.slots.alias("other")
    held = (
        sa.exists()
        .where(other.c.item_no == slots.c.item_no, other.c.person == me, sa.or_(other.c.done, other.c.until_ms >= now))
        .correlate(slots)
    )
    skipped = (
        sa.exists()
        .where(t.skips.c.item_no == slots.c.item_no, t.skips.c.person == me, t.skips.c.round == slots.c.round)
        .correlate(slots)
    )
    labelled = sa.exists().where(t.labels.c.item_no == slots.c.repeat_of_no, t.labels.c.annotator == me).correlate(slots)
    return [
        sa.or_(slots.c.only_for.is_(None), slots.c.only_for == me),
        ~held,
        ~skipped,
        sa.or_(slots.c.repeat_of_no.is_(None), labelled),
    ]


@statement
def _forget() -> Update:
    """Takes a person's name off slots of an item whose lease ran out, so that the person can hold another one of it."""
    import sqlalchemy as sa

    slots = tables().slots
    return (
        sa.update(slots)
        .where(slots.c.item_no == sa.bindparam("item"), slots.c.person == sa.bindparam("me"), ~slots.c.done)
        .values(person=None, lease_id="", until_ms=0)
    )


@statement
def _lease() -> Update:
    import sqlalchemy as sa

    slots = tables().slots
    return (
        sa.update(slots)
        .where(slots.c.slot_no == sa.bindparam("no"))
        .values(person=sa.bindparam("me"), lease_id=sa.bindparam("lease"), until_ms=sa.bindparam("until"))
    )


def _given(
    desk: Desk, connection: Connection, taken: Sequence[tuple[Any, str]], *, by: str, until: int, settings: ProjectSettings
) -> tuple[Claimed, ...]:
    told: dict[int, Suggestion] = {}
    if settings.suggestions is SuggestionPolicy.BEFORE and taken:
        told = latest(connection, [row.item_no for row, _ in taken if not row.blind])
        note_shown(desk, connection, [(row, told[row.item_no].run_id) for row, _ in taken if row.item_no in told], by=by)
    return tuple(
        Claimed(
            item=item_of(row, overlap=settings.overlap, hide=True),
            lease=Lease(lease_id, row.project_id, row.item_id, row.round, by, until / 1000),
            why=row.why,
            suggestion=told.get(row.item_no),
        )
        for row, lease_id in taken
    )


def note_shown(desk: Desk, connection: Connection, pairs: Sequence[tuple[Any, str]], *, by: str) -> None:
    """Nothing; it is written down, once for a person, item and run, that the suggestion was given to the person."""
    import sqlalchemy as sa

    shown = tables().shown
    if not pairs:
        return
    lock_events(connection)
    query = sa.select(shown.c.item_no, shown.c.run_id).where(
        shown.c.person == by, shown.c.item_no.in_([row.item_no for row, _ in pairs])
    )
    there = {tuple(row) for row in connection.execute(query)}
    at = desk.now()
    for row, run_id in pairs:
        if (row.item_no, run_id) not in there:
            append(
                connection,
                EventKind.SHOWN,
                event_id=new_id(),
                at=at,
                by=by,
                project_id=row.project_id,
                item_id=row.item_id,
                payload={"run_id": run_id},
            )
            connection.execute(sa.insert(shown), {"item_no": row.item_no, "person": by, "run_id": run_id, "at": at})


def item_of(row: Any, *, overlap: int, hide: bool = False) -> Item:
    """An item's row as a value; `hide` leaves out what whoever labels must not see (that it is a repeat or by chance)."""
    return Item(
        project_id=row.project_id,
        item_id=row.item_id,
        text=row.text,
        text_digest=row.text_digest,
        title=row.title,
        group_id=row.group_id,
        album=row.album,
        round=row.round,
        why=row.why,
        blind=bool(row.blind),
        by_chance=bool(row.by_chance) and not hide,
        repeat_of="" if hide else row.repeat_of,
        n_labels=row.n_labels,
        wanted=overlap,
        disagreement=row.disagreement,
        flagged=bool(row.flagged),
        decision=DecisionKind(row.decision) if row.decision else None,
        note=row.note,
    )


def heartbeat(desk: Desk, project_id: str, lease_ids: Sequence[str], *, by: str) -> tuple[str, ...]:
    """The leases that still hold, for a whole term longer."""

    def work(connection: Connection) -> tuple[str, ...]:
        import sqlalchemy as sa

        lock(connection, by)
        require(connection, by)
        settings, now = settings_of(project_row(connection, project_id)), desk.now_ms()
        mine = {r.lease_id: r for r in rows(connection, _mine, project=project_id, me=by, now=now)}
        good = tuple(lease for lease in lease_ids if lease in mine)
        if good:
            slots = tables().slots
            connection.execute(
                sa.update(slots)
                .where(slots.c.slot_no.in_([mine[lease].slot_no for lease in good]))
                .values(until_ms=now + settings.lease_s * 1000)
            )
        return good

    return desk.store.write(work, durable=False, soon=True)


def release(desk: Desk, project_id: str, lease_ids: Sequence[str], *, by: str) -> int:
    """The number of leases given back."""

    def work(connection: Connection) -> int:
        import sqlalchemy as sa

        lock(connection, by)
        require(connection, by)
        slots = tables().slots
        statement = sa.update(slots).where(
            slots.c.project_id == project_id,
            slots.c.person == by,
            ~slots.c.done,
            slots.c.lease_id != "",
            slots.c.lease_id.in_(list(lease_ids)),
        )
        return int(connection.execute(statement.values(person=None, lease_id="", until_ms=0)).rowcount)

    return desk.store.write(work, durable=False, soon=True)


def lease_again(desk: Desk, connection: Connection, item: Row[Any], *, by: str, settings: ProjectSettings) -> Claimed | None:
    """The item leased to a person whose label or skip was undone; None where an earlier label of theirs stands or no slot
    of it is free."""
    import sqlalchemy as sa

    slots, now = tables().slots, desk.now_ms()
    query = sa.select(slots).where(slots.c.item_no == item.item_no).order_by(slots.c.slot_no)
    rows = connection.execute(query.with_for_update()).all()
    if any(s.done and s.person == by for s in rows):  # a revision was undone: the label before it counts again
        return None
    rows = [s for s in rows if not s.done]
    slot = next((s for s in rows if s.person == by), None) or next((s for s in rows if s.until_ms < now), None)
    if slot is None:
        return None
    until, lease_id = now + settings.lease_s * 1000, new_id()
    run(connection, _forget, [{"item": item.item_no, "me": by}])
    run(connection, _lease, [{"no": slot.slot_no, "lease": lease_id, "me": by, "until": until}])
    lease = Lease(lease_id, item.project_id, item.item_id, item.round, by, until / 1000)
    return Claimed(item_of(item, overlap=settings.overlap, hide=True), lease, item.why)


def _complete(connection: Connection, project: Row[Any]) -> int:
    """The number of items that want no more labels; repeats are not counted."""
    import sqlalchemy as sa

    t = tables()
    open_ = sa.exists().where(t.slots.c.item_no == t.items.c.item_no, ~t.slots.c.done)
    query = (
        sa.select(sa.func.count())
        .select_from(t.items)
        .where(t.items.c.project_id == project.project_id, t.items.c.repeat_of == "", ~open_)
    )
    return int(connection.execute(query).scalar_one())


def why_empty(connection: Connection, project: Row[Any], *, by: str, now: int, held: int) -> EmptyQueue:
    """Why a person gets no more: who holds what, what the person did already, and when a lease runs out."""
    import sqlalchemy as sa

    t = tables()
    slots, open_ = t.slots, [t.slots.c.project_id == project.project_id, ~t.slots.c.done]
    firsts = [*open_, slots.c.repeat_of_no.is_(None)]
    other = [*open_, slots.c.person != by, slots.c.until_ms >= now]
    per = connection.execute(
        sa.select(t.people.c.name, sa.func.count())
        .join_from(slots, t.people, slots.c.person == t.people.c.person_id)
        .where(*other)
        .group_by(t.people.c.name)
    ).all()
    leased = {name: int(n) for name, n in sorted(per)}
    first = connection.execute(sa.select(sa.func.min(slots.c.until_ms)).where(*other)).scalar()
    items = sa.func.count(sa.distinct(slots.c.item_no))
    done = slots.alias("done")
    yours = sa.exists().where(done.c.item_no == slots.c.item_no, done.c.person == by, done.c.done)
    passed = sa.exists().where(t.skips.c.item_no == slots.c.item_no, t.skips.c.person == by, t.skips.c.round == slots.c.round)
    found = EmptyQueue(
        reason="",
        total=project.n_items,
        complete=_complete(connection, project),
        leased=leased,
        yours=int(connection.execute(sa.select(items).where(*firsts, yours)).scalar_one()),
        skipped=int(connection.execute(sa.select(items).where(*firsts, passed)).scalar_one()),
        waiting_s=None if first is None else max(0.0, (first - now) / 1000),
    )
    return EmptyQueue(
        **{name: getattr(found, name) for name in EmptyQueue.__slots__ if name != "reason"}, reason=_sentence(found, held=held)
    )


def _sentence(found: EmptyQueue, *, held: int) -> str:
    parts = []
    if found.leased:
        names = ", ".join(f"{name} {n}" for name, n in found.leased.items())
        parts.append(f"{sum(found.leased.values())} are with others ({names})")
    if found.yours:
        parts.append(f"{found.yours} wait for somebody else, you labelled them")
    if found.skipped:
        parts.append(f"{found.skipped} you skipped")
    if held:
        parts.append(f"{held} are with you")
    if not parts and found.complete >= found.total:
        return f"All {found.total} are done."
    more = "; ".join(parts) if parts else "what is open is kept for others"
    return f"{found.complete} of {found.total} are done; {more}."
