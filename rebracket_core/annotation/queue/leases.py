"""Who labels what now: leases on slots, given out in one short transaction.

A lease that ran out is free at once, because every claim looks at the clock; nothing has to sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.lookups import item_of, project_row, settings_of
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import new_id
from rebracket_core.annotation.entities.enums import SuggestionPolicy
from rebracket_core.annotation.entities.records import Claimed, ClaimResult, EmptyQueue, Lease, ProjectSettings, Suggestion
from rebracket_core.annotation.queue.suggestions import latest, note_shown
from rebracket_core.annotation.session import LabelSession, enter, require
from rebracket_core.database import lock, rows, run, statement
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Update
    from sqlalchemy.engine import Connection, Row

MAX_CLAIM = 100


def claim_items(session: LabelSession, project_id: str, *, by: str, n: int = 1, holding: Sequence[str] = ()) -> ClaimResult:
    """Lease up to n items to a person, best first.

    Items that the person holds and that are not in `holding` (a page loaded anew) come back first.

    Args:
        session: the labels' session.
        project_id: the project whose queue is asked.
        by: the person_id of whoever labels.
        n: how many items, 1 to 100.
        holding: the item ids that the client has already: they stay leased and are not given again.

    Returns:
        The items; where there are fewer than n, `empty` says why.

    Raises:
        InputError: for another n, more items in `holding`, or a person or project that is unknown.
    """
    _check_size(n, holding)

    def take(connection: Connection) -> tuple[Row[Any], tuple[Claimed, ...], int]:
        lock(connection, by)
        project = enter(connection, project_id, by=by)
        claim = _Claim(by, settings_of(project), session.now_ms(), session.now())
        if project.closed:
            return project, (), claim.now
        taken = _take(connection, project_id, claim, n=n, holding=holding)
        return project, _given(connection, taken, claim), claim.now

    project, given, now = session.store.write(take, durable=False, soon=True)
    if len(given) == n:
        return ClaimResult(given)
    held = len(given) + len(holding)
    # Counting takes longer than leasing, and nobody else has to wait for it.
    return ClaimResult(given, session.store.read(lambda c: why_empty(c, project, by=by, now=now, held=held), empty=None))


def _check_size(n: int, holding: Sequence[str]) -> None:
    if not 0 < n <= MAX_CLAIM or len(holding) > MAX_CLAIM:
        raise InputError(
            "So many items are not given out at once.",
            expected=f"1 to {MAX_CLAIM}",
            found=str(n),
            hint="claim some, label them, claim again",
        )


@dataclass(frozen=True, slots=True)
class _Claim:
    """Who claims under which settings, and when: in milliseconds since 1970 and as ISO 8601."""

    by: str
    settings: ProjectSettings
    now: int
    at: str

    @property
    def until(self) -> int:
        """When the leases run out, in milliseconds since 1970."""
        return self.now + self.settings.lease_s * 1000


def _take(connection: Connection, project_id: str, claim: _Claim, *, n: int, holding: Sequence[str]) -> list[Any]:
    """The slots for a person: first those that they hold, then free ones in the queue's order; all leased anew."""
    found = rows(connection, _mine, project=project_id, me=claim.by, now=claim.now)
    mine = sorted(found, key=lambda slot: (slot.rank, slot.item_no))
    known, held = set(holding), [row for row in mine if row.item_id not in holding][:n]
    fresh: list[Any] = []
    if len(held) < n:
        limit = (n - len(held)) * claim.settings.overlap
        seen = {row.item_no for row in mine}
        for row in rows(connection, _free, project=project_id, me=claim.by, now=claim.now, limit=limit):
            if row.item_no not in seen and len(held) + len(fresh) < n:
                seen.add(row.item_no)
                fresh.append(row)
    run(connection, _forget, [{"item": row.item_no, "me": claim.by} for row in fresh])
    leases = {row.slot_no: row.lease_id for row in held} | {row.slot_no: new_id() for row in fresh}
    renewed = leases | {row.slot_no: row.lease_id for row in mine if row.item_id in known}
    run(connection, _lease, [{"no": no, "lease": lease, "me": claim.by, "until": claim.until} for no, lease in renewed.items()])
    return [(row, leases[row.slot_no]) for row in [*held, *fresh]]


def _columns() -> list[ColumnElement[Any]]:
    t = tables()
    return [t.slots.c.slot_no, t.slots.c.lease_id, t.slots.c.until_ms, *t.items.c]


@statement
def _mine() -> Select[Any]:
    """The slots that a person holds now, in no order: given one, SQLite would walk along the whole queue.

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
    """What must hold of a slot besides being free: not labelled, held or skipped by the person, nor reserved for another."""
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


def _given(connection: Connection, taken: Sequence[tuple[Any, str]], claim: _Claim) -> tuple[Claimed, ...]:
    suggestions: dict[int, Suggestion] = {}
    if claim.settings.suggestions is SuggestionPolicy.BEFORE and taken:
        suggestions = latest(connection, [row.item_no for row, _ in taken if not row.blind])
        shown = [(row, suggestions[row.item_no].run_id) for row, _ in taken if row.item_no in suggestions]
        note_shown(connection, shown, by=claim.by, at=claim.at)
    return tuple(
        Claimed(
            item=item_of(row, overlap=claim.settings.overlap, hide=True),
            lease=Lease(lease_id, row.project_id, row.item_id, row.round, claim.by, claim.until / 1000),
            why=row.why,
            suggestion=suggestions.get(row.item_no),
        )
        for row, lease_id in taken
    )


def renew_leases(session: LabelSession, project_id: str, *, lease_ids: Sequence[str], by: str) -> tuple[str, ...]:
    """Renew leases for a whole term and return those that still held; the others ran out and may be with somebody else."""

    def work(connection: Connection) -> tuple[str, ...]:
        import sqlalchemy as sa

        lock(connection, by)
        require(connection, by)
        settings, now = settings_of(project_row(connection, project_id)), session.now_ms()
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

    return session.store.write(work, durable=False, soon=True)


def keep_items(session: LabelSession, project_id: str, *, holding: Mapping[str, str], by: str) -> dict[str, str]:
    """Renew what a person holds of these items, whatever lease it is held under, for a whole term.

    A lease that ran out is renewed too as long as nobody else took the item.

    Args:
        session: the labels' session.
        project_id: the project of the items.
        holding: item id → the lease that the client knows of, "" for none.
        by: the person_id of whoever labels.

    Returns:
        Item id → the lease that holds; items that are missing ran out and may be with somebody else.

    Raises:
        InputError: for a person or project that is unknown, or a person who may not label.
    """

    def work(connection: Connection) -> dict[str, str]:
        lock(connection, by)
        require(connection, by)
        until = session.now_ms() + settings_of(project_row(connection, project_id)).lease_s * 1000
        found = [row for row in rows(connection, _mine, project=project_id, me=by, now=0) if row.item_id in holding]
        found.sort(key=lambda row: (row.lease_id == holding[row.item_id], row.until_ms))
        kept = {row.item_id: row for row in found}  # the lease that is known counts before another one of the same item
        renewed = [{"no": row.slot_no, "lease": row.lease_id, "me": by, "until": until} for row in kept.values()]
        run(connection, _lease, renewed)
        return {item_id: row.lease_id for item_id, row in kept.items()}

    return session.store.write(work, durable=False, soon=True)


def release_leases(session: LabelSession, project_id: str, *, lease_ids: Sequence[str], by: str) -> int:
    """Give leases back and return how many there were."""

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

    return session.store.write(work, durable=False, soon=True)


def lease_again(connection: Connection, item: Row[Any], *, by: str, settings: ProjectSettings, now: int) -> Claimed | None:
    """The item leased to a person whose label or skip was undone.

    None where an earlier label of theirs stands or no slot of it is free.
    """
    import sqlalchemy as sa

    slots = tables().slots
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
    complete = _complete(connection, project)
    if project.closed:
        return EmptyQueue("The project is closed.", total=project.n_items, complete=complete)
    leased, first = _with_others(connection, project, by=by, now=now)
    yours, skipped = _done_already(connection, project, by=by)
    waiting_s = None if first is None else max(0.0, (first - now) / 1000)
    found = EmptyQueue("", project.n_items, complete, yours=yours, skipped=skipped, leased=leased, waiting_s=waiting_s)
    return replace(found, reason=_sentence(found, held=held))


def _with_others(connection: Connection, project: Row[Any], *, by: str, now: int) -> tuple[dict[str, int], int | None]:
    """The items that others hold, by name, and when the first of these leases runs out (milliseconds since 1970)."""
    import sqlalchemy as sa

    t = tables()
    slots = t.slots
    held = [slots.c.project_id == project.project_id, ~slots.c.done, slots.c.person != by, slots.c.until_ms >= now]
    per = connection.execute(
        sa.select(t.people.c.name, sa.func.count())
        .join_from(slots, t.people, slots.c.person == t.people.c.person_id)
        .where(*held)
        .group_by(t.people.c.name)
    ).all()
    first = connection.execute(sa.select(sa.func.min(slots.c.until_ms)).where(*held)).scalar()
    return {name: int(n) for name, n in sorted(per)}, first


def _done_already(connection: Connection, project: Row[Any], *, by: str) -> tuple[int, int]:
    """How many open items this person has labelled, and how many they have skipped; repeats are not counted."""
    import sqlalchemy as sa

    t = tables()
    slots, done = t.slots, t.slots.alias("done")
    firsts = [slots.c.project_id == project.project_id, ~slots.c.done, slots.c.repeat_of_no.is_(None)]
    items = sa.func.count(sa.distinct(slots.c.item_no))
    labelled = sa.exists().where(done.c.item_no == slots.c.item_no, done.c.person == by, done.c.done)
    passed = sa.exists().where(t.skips.c.item_no == slots.c.item_no, t.skips.c.person == by, t.skips.c.round == slots.c.round)
    first, second = (connection.execute(sa.select(items).where(*firsts, each)).scalar_one() for each in (labelled, passed))
    return int(first), int(second)


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
    more = "; ".join(parts) if parts else "what is open is reserved for others"
    return f"{found.complete} of {found.total} are done; {more}."
