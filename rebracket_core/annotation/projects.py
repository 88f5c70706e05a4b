"""Projects: made from texts in one go, changed by admins, with a guideline in versions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.statements import insertion, run, statement
from rebracket_core.annotation.database.store import lock_events
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import EventKind, Role
from rebracket_core.annotation.entities.label_schema import text_digest
from rebracket_core.annotation.entities.records import Guideline, NewItem, Project, ProjectSettings
from rebracket_core.annotation.events.projection import PART, item_states, project_project, sync_slots
from rebracket_core.annotation.queue.ranking import RANDOM_WHY, REPEAT_GAP, mixed
from rebracket_core.annotation.session import Desk, append, new_id, project_row, require, settings_of, share_of, storable
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Insert
    from sqlalchemy.engine import Connection, Row

REPEAT = "#again"
_CHUNK = 5000


def create(
    desk: Desk,
    name: str,
    items: Iterable[NewItem],
    *,
    by: str,
    dataset: str,
    dataset_digest: str,
    settings: ProjectSettings,
    guideline: str,
) -> Project:
    """A new project with its items, their hidden repeats, their slots and its first guideline."""
    project_id = _slug(name)
    new = _checked(items)
    digest = items_digest((item.item_id, text_digest(item.text)) for item in new)

    def work(connection: Connection) -> Project:
        lock_events(connection)
        require(connection, by, role=Role.ADMIN)
        import sqlalchemy as sa

        projects = tables().projects
        if connection.execute(sa.select(projects.c.name).where(projects.c.project_id == project_id)).first():
            raise InputError(
                "There is a project of this name.", expected="a new name", found=repr(name), hint="choose another name"
            )
        told = {
            "project_id": project_id,
            "name": name,
            "dataset": dataset,
            "dataset_digest": dataset_digest,
            "settings": settings.to_dict(),
        }
        common: dict[str, Any] = {"at": desk.now(), "by": by, "project_id": project_id}
        append(connection, EventKind.PROJECT, event_id=new_id(), payload=told, **common)
        append(connection, EventKind.ITEMS, event_id=new_id(), **common, payload={"n_items": len(new), "items_digest": digest})
        append(connection, EventKind.GUIDELINE, event_id=new_id(), payload={"guideline": guideline}, **common)
        project_project(connection, project_id)
        _insert(connection, project_id, item_rows(project_id, new, settings=settings), overlap=settings.overlap)
        return project_of(project_row(connection, project_id))

    return desk.store.write(work)


def _checked(items: Iterable[NewItem]) -> list[NewItem]:
    new: list[NewItem] = []
    seen: set[str] = set()
    for item in items:
        clean = NewItem(*(storable(getattr(item, field)) for field in NewItem.__slots__))
        if not clean.item_id or clean.item_id in seen or not clean.text.strip() or len(clean.item_id) > 380:
            raise InputError(
                "An item cannot be used.",
                expected="an id of its own (at most 380 signs) and a text",
                found=f"id {clean.item_id[:80]!r}, {len(clean.text)} signs of text",
                hint="correct the item",
            )
        seen.add(clean.item_id)
        new.append(clean)
    if not new:
        raise InputError("A project needs items.", expected="at least one text", found="none", hint="give some texts")
    return new


def item_rows(project_id: str, new: Sequence[NewItem], *, settings: ProjectSettings) -> Iterator[dict[str, Any]]:
    """The rows of a project's items: chance share, blind share and repeats by hash, the order by chance; repeats last."""
    chance = {i.item_id for i in new if share_of(project_id, i.item_id, "chance") < settings.random_share}
    order = sorted((i.item_id for i in new), key=lambda item_id: share_of(project_id, item_id, "order"))
    rank = {
        item_id: k
        for k, item_id in enumerate(
            mixed([i for i in order if i not in chance], [i for i in order if i in chance], share=settings.random_share)
        )
    }
    blank = {"round": 1, "n_labels": 0, "disagreement": None, "flagged": False, "decision": None, "note": "", "waits": False}

    def row(item: NewItem) -> dict[str, Any]:
        by_chance = item.item_id in chance
        blind = by_chance or share_of(project_id, item.item_id, "blind") < settings.blind_share
        return {
            **blank,
            "project_id": project_id,
            "item_id": item.item_id,
            "text": item.text,
            "text_digest": text_digest(item.text),
            "title": item.title,
            "group_id": item.group_id,
            "album": item.album,
            "blind": blind,
            "by_chance": by_chance,
            "repeat_of": "",
            "rank": rank[item.item_id],
            "why": RANDOM_WHY,
        }

    yield from map(row, new)
    for item in new:
        if settings.repeat_share and share_of(project_id, item.item_id, "repeat") < settings.repeat_share:
            yield {
                **row(item),
                "item_id": item.item_id + REPEAT,
                "repeat_of": item.item_id,
                "blind": True,
                "by_chance": False,
                "rank": rank[item.item_id] + REPEAT_GAP,
            }


def _insert(connection: Connection, project_id: str, rows: Iterable[dict[str, Any]], *, overlap: int) -> None:
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        run(connection, _item_fresh, chunk)
    for _ in range(overlap):
        connection.execute(_open_slots(project_id))


@statement
def _item_fresh() -> Insert:
    return insertion(tables().items, without=("item_no",))


def _open_slots(project_id: str) -> Insert:
    """The statement that gives each item of a new project one open slot, within the database."""
    import sqlalchemy as sa

    t = tables()
    items, first = t.items, t.items.alias("first")
    both = sa.outerjoin(
        items, first, sa.and_(items.c.repeat_of != "", first.c.project_id == project_id, first.c.item_id == items.c.repeat_of)
    )
    told = {
        "item_no": items.c.item_no,
        "project_id": items.c.project_id,
        "round": items.c.round,
        "rank": items.c.rank,
        "done": sa.false(),
        "lease_id": sa.literal(""),
        "until_ms": sa.literal(0),
        "repeat_of_no": first.c.item_no,
    }
    query = sa.select(*told.values()).select_from(both).where(items.c.project_id == project_id).order_by(items.c.item_no)
    return sa.insert(t.slots).from_select(list(told), query)


def change(desk: Desk, project_id: str, settings: ProjectSettings, *, by: str, closed: bool) -> Project:
    """The project with other settings; where the overlap is another, every item gets or loses open slots."""

    def work(connection: Connection) -> Project:
        lock_events(connection)
        require(connection, by, role=Role.ADMIN)
        before = settings_of(project_row(connection, project_id))
        fixed = ("blind_share", "random_share", "repeat_share")
        if any(getattr(before, name) != getattr(settings, name) for name in fixed):
            raise InputError(
                "The shares of a project are fixed.",
                expected=", ".join(fixed) + " as they were",
                found=repr(settings),
                hint="make a new project for other shares",
            )
        append(
            connection,
            EventKind.SETTINGS,
            event_id=new_id(),
            at=desk.now(),
            by=by,
            project_id=project_id,
            payload={"settings": settings.to_dict(), "closed": closed},
        )
        reproject(connection, project_id)
        return project_of(project_row(connection, project_id))

    return desk.store.write(work)


def reproject(connection: Connection, project_id: str) -> None:
    """Nothing; the project's row says what its events say, and where the overlap changed, so do the slots."""
    before = settings_of(project_row(connection, project_id)).overlap
    project_project(connection, project_id)
    overlap = settings_of(project_row(connection, project_id)).overlap
    if overlap != before:
        import sqlalchemy as sa

        items = tables().items
        every = connection.execute(sa.select(items).where(items.c.project_id == project_id)).all()
        for at in range(0, len(every), PART):
            part = every[at : at + PART]
            sync_slots(connection, part, item_states(connection, part), overlap=overlap)


def set_guideline(desk: Desk, project_id: str, text: str, *, by: str) -> Guideline:
    """A new version of the guideline."""

    def work(connection: Connection) -> Guideline:
        lock_events(connection)
        require(connection, by, role=Role.REVIEWER)
        project_row(connection, project_id)
        append(
            connection,
            EventKind.GUIDELINE,
            event_id=new_id(),
            at=desk.now(),
            by=by,
            project_id=project_id,
            payload={"guideline": text},
        )
        project_project(connection, project_id)
        return _guidelines(connection, project_id)[-1]

    return desk.store.write(work)


def guidelines(desk: Desk, project_id: str) -> list[Guideline]:
    """All versions, oldest first."""
    found = desk.store.read(lambda c: (project_row(c, project_id), _guidelines(c, project_id))[1], empty=None)
    if found is None:
        raise no_project(project_id)
    return found


def version_of(found: Sequence[Guideline], version: int) -> Guideline:
    """One version of a guideline; an unknown one is an InputError."""
    chosen = next((g for g in found if g.version == version), None)
    if chosen is None:
        raise InputError(
            "There is no such version of the guideline.",
            expected=f"1 to {len(found)}",
            found=str(version),
            hint="choose a version that exists",
        )
    return chosen


def _guidelines(connection: Connection, project_id: str) -> list[Guideline]:
    import sqlalchemy as sa

    table = tables().guidelines
    query = sa.select(table).where(table.c.project_id == project_id).order_by(table.c.version)
    return [Guideline(r.project_id, r.version, r.text, r.at, r.author) for r in connection.execute(query)]


def every(desk: Desk) -> list[Project]:
    """Every project, newest first."""
    import sqlalchemy as sa

    table = tables().projects
    query = sa.select(table).order_by(table.c.created_at.desc(), table.c.project_id)
    return [project_of(row) for row in desk.store.read(lambda c: c.execute(query).all(), empty=[])]


def one(desk: Desk, project_id: str) -> Project:
    """One project."""
    found = desk.store.read(lambda c: project_of(project_row(c, project_id)), empty=None)
    if found is None:
        raise no_project(project_id)
    return found


def no_project(project_id: str) -> InputError:
    """The error for a project that is not there."""
    return InputError(
        "There is no such project.",
        expected="the id of a labelling project",
        found=repr(project_id),
        hint="see: rebracket annotations status",
    )


def project_of(row: Row[Any]) -> Project:
    """A project's row as a value."""
    return Project(
        project_id=row.project_id,
        name=row.name,
        dataset=row.dataset,
        dataset_digest=row.dataset_digest,
        settings=settings_of(row),
        guideline_version=row.guideline_version,
        n_items=row.n_items,
        created_at=row.created_at,
        closed=bool(row.closed),
    )


def items_digest(pairs: Iterable[tuple[str, str]]) -> str:
    """The sha256 of a project's items in order: (item id, digest of its text)."""
    digest = hashlib.sha256()
    for item_id, text in pairs:
        digest.update(f"{item_id}\x1f{text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _slug(name: str) -> str:
    found = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:63].strip("-")
    if not found:
        raise InputError(
            "This name cannot be used.", expected="a name with letters or digits", found=repr(name), hint="choose another name"
        )
    return found
