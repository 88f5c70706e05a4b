"""Projects: made from texts in one transaction, changed by admins, with a guideline in versions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.lookups import no_project, project_row, settings_of
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import hash_fraction, new_id, storable
from rebracket_core.annotation.entities.enums import EventKind, Role
from rebracket_core.annotation.entities.label_schema import text_digest
from rebracket_core.annotation.entities.records import Guideline, NewItem, NewProject, Project, ProjectSettings
from rebracket_core.annotation.events.log import NewEvent, append_event, lock_events
from rebracket_core.annotation.events.projection import PART, item_states, sync_slots, update_project
from rebracket_core.annotation.queue.ranking import RANDOM_WHY, REPEAT_GAP, mixed
from rebracket_core.annotation.queue.strategies.registry import canonical_order
from rebracket_core.annotation.session import LabelSession, require
from rebracket_core.database import insertion, run, statement
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Insert
    from sqlalchemy.engine import Connection, Row

REPEAT = "#again"
_CHUNK = 5000
_FIXED = ("blind_share", "random_share", "repeat_share")


def create_project(session: LabelSession, new: NewProject, *, by: str) -> Project:
    """Make a project with its items, their hidden repeats, their slots and its first guideline (admins only).

    The id is made from the name.

    Raises:
        InputError: for a name that is taken or holds no letter, items without a text or id, an unknown order, no admin.
    """
    project_id, items = _slug(new.name), _checked(new.items)
    settings = replace(new.settings, order=canonical_order(new.settings.order))

    def work(connection: Connection) -> Project:
        lock_events(connection)
        require(connection, by, role=Role.ADMIN)
        _need_free(connection, project_id, name=new.name)
        now = session.now()
        for kind, payload in _beginning(project_id, new, items=items, settings=settings):
            append_event(connection, NewEvent(kind, new_id(), now, by, project_id, payload=payload))
        update_project(connection, project_id)
        _insert(connection, project_id, item_rows(project_id, items, settings=settings), overlap=settings.overlap)
        return _project(project_row(connection, project_id))

    return session.store.write(work)


def _need_free(connection: Connection, project_id: str, *, name: str) -> None:
    import sqlalchemy as sa

    projects = tables().projects
    if connection.execute(sa.select(projects.c.name).where(projects.c.project_id == project_id)).first():
        raise InputError(
            "There is a project of this name.", expected="a new name", found=repr(name), hint="choose another name"
        )


def _beginning(
    project_id: str, new: NewProject, *, items: Sequence[NewItem], settings: ProjectSettings
) -> Iterator[tuple[EventKind, dict[str, Any]]]:
    """The events that a project begins with: their kinds and payloads."""
    yield (
        EventKind.PROJECT,
        {
            "project_id": project_id,
            "name": new.name,
            "dataset": new.dataset,
            "dataset_digest": new.dataset_digest,
            "settings": settings.to_dict(),
        },
    )
    digest = items_digest((item.item_id, text_digest(item.text)) for item in items)
    yield EventKind.ITEMS, {"n_items": len(items), "items_digest": digest}
    yield EventKind.GUIDELINE, {"guideline": new.guideline}


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
    """The rows of a project's items, hidden repeats last.

    The random control sample, the blind share and the repeats are drawn by hash, and so is the order.
    """
    drawn = _Drawn.of(project_id, new, settings=settings)
    yield from (drawn.row(item) for item in new)
    for item in new:
        if settings.repeat_share and hash_fraction(project_id, item.item_id, "repeat") < settings.repeat_share:
            yield drawn.repeat(item)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What is drawn for a project: the random control sample, and each item's rank by its id."""

    project_id: str
    settings: ProjectSettings
    sample: frozenset[str]
    rank: dict[str, int]

    @classmethod
    def of(cls, project_id: str, new: Sequence[NewItem], *, settings: ProjectSettings) -> _Drawn:
        share = settings.random_share
        sample = frozenset(i.item_id for i in new if hash_fraction(project_id, i.item_id, "chance") < share)
        order = sorted((i.item_id for i in new), key=lambda item_id: hash_fraction(project_id, item_id, "order"))
        ordered = mixed([i for i in order if i not in sample], [i for i in order if i in sample], share=share)
        return cls(project_id, settings, sample, {item_id: k for k, item_id in enumerate(ordered)})

    def row(self, item: NewItem) -> dict[str, Any]:
        by_chance = item.item_id in self.sample
        blind = by_chance or hash_fraction(self.project_id, item.item_id, "blind") < self.settings.blind_share
        return {
            "round": 1,
            "n_labels": 0,
            "disagreement": None,
            "flagged": False,
            "decision": None,
            "note": "",
            "waits": False,
            "project_id": self.project_id,
            "item_id": item.item_id,
            "text": item.text,
            "text_digest": text_digest(item.text),
            "title": item.title,
            "group_id": item.group_id,
            "album": item.album,
            "blind": blind,
            "by_chance": by_chance,
            "repeat_of": "",
            "rank": self.rank[item.item_id],
            "why": RANDOM_WHY,
        }

    def repeat(self, item: NewItem) -> dict[str, Any]:
        return {
            **self.row(item),
            "item_id": item.item_id + REPEAT,
            "repeat_of": item.item_id,
            "blind": True,
            "by_chance": False,
            "rank": self.rank[item.item_id] + REPEAT_GAP,
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
    values = {
        "item_no": items.c.item_no,
        "project_id": items.c.project_id,
        "round": items.c.round,
        "rank": items.c.rank,
        "done": sa.false(),
        "lease_id": sa.literal(""),
        "until_ms": sa.literal(0),
        "repeat_of_no": first.c.item_no,
    }
    query = sa.select(*values.values()).select_from(both).where(items.c.project_id == project_id).order_by(items.c.item_no)
    return sa.insert(t.slots).from_select(list(values), query)


def change_settings(
    session: LabelSession, project_id: str, *, settings: ProjectSettings, by: str, closed: bool = False
) -> Project:
    """Change a project's settings (admins only). Where the overlap is another, every item gets or loses open slots.

    The shares of items are fixed when a project is made. Raises InputError for other shares and for an unknown order.
    """

    def work(connection: Connection) -> Project:
        lock_events(connection)
        require(connection, by, role=Role.ADMIN)
        before = settings_of(project_row(connection, project_id))
        if any(getattr(before, name) != getattr(settings, name) for name in _FIXED):
            raise InputError(
                "The shares of a project are fixed.",
                expected=", ".join(_FIXED) + " as they were",
                found=repr(settings),
                hint="make a new project for other shares",
            )
        # An order whose strategy is not installed here any more may stay; a new one must be known.
        order = settings.order if settings.order == before.order else canonical_order(settings.order)
        payload = {"settings": replace(settings, order=order).to_dict(), "closed": closed}
        append_event(connection, NewEvent(EventKind.SETTINGS, new_id(), session.now(), by, project_id, payload=payload))
        reproject(connection, project_id)
        return _project(project_row(connection, project_id))

    return session.store.write(work)


def set_closed(session: LabelSession, project_id: str, *, closed: bool, by: str) -> Project:
    """Close a project, which then takes no labels, or open it again (admins only); its settings and labels stay."""
    settings = get_project(session, project_id).settings
    return change_settings(session, project_id, settings=settings, by=by, closed=closed)


def reproject(connection: Connection, project_id: str) -> None:
    """Bring a project's row in line with its events, and where the overlap changed, its slots."""
    before = settings_of(project_row(connection, project_id)).overlap
    update_project(connection, project_id)
    overlap = settings_of(project_row(connection, project_id)).overlap
    if overlap != before:
        import sqlalchemy as sa

        items = tables().items
        every = connection.execute(sa.select(items).where(items.c.project_id == project_id)).all()
        for at in range(0, len(every), PART):
            part = every[at : at + PART]
            sync_slots(connection, part, states=item_states(connection, part), overlap=overlap)


def set_guideline(session: LabelSession, project_id: str, *, text: str, by: str) -> Guideline:
    """Write a new version of the guideline (reviewers and admins). Labels keep the version that they were given under."""

    def work(connection: Connection) -> Guideline:
        lock_events(connection)
        require(connection, by, role=Role.REVIEWER)
        project_row(connection, project_id)
        event = NewEvent(EventKind.GUIDELINE, new_id(), session.now(), by, project_id, payload={"guideline": text})
        append_event(connection, event)
        update_project(connection, project_id)
        return _guidelines(connection, project_id)[-1]

    return session.store.write(work)


def list_guidelines(session: LabelSession, project_id: str) -> list[Guideline]:
    """All versions of the guideline, oldest first."""
    found = session.store.read(lambda c: (project_row(c, project_id), _guidelines(c, project_id))[1], empty=None)
    if found is None:
        raise no_project(project_id)
    return found


def get_guideline(session: LabelSession, project_id: str, *, version: int | None = None) -> Guideline:
    """The guideline as it is now, or one of its versions. Raises InputError for an unknown version."""
    found = list_guidelines(session, project_id)
    wanted = get_project(session, project_id).guideline_version if version is None else version
    chosen = next((g for g in found if g.version == wanted), None)
    if chosen is None:
        raise InputError(
            "There is no such version of the guideline.",
            expected=f"1 to {len(found)}",
            found=str(wanted),
            hint="choose a version that exists",
        )
    return chosen


def _guidelines(connection: Connection, project_id: str) -> list[Guideline]:
    import sqlalchemy as sa

    table = tables().guidelines
    query = sa.select(table).where(table.c.project_id == project_id).order_by(table.c.version)
    return [Guideline(r.project_id, r.version, r.text, r.at, r.author) for r in connection.execute(query)]


def list_projects(session: LabelSession) -> list[Project]:
    """Every project, newest first; closed ones too."""
    import sqlalchemy as sa

    table = tables().projects
    query = sa.select(table).order_by(table.c.created_at.desc(), table.c.project_id)
    return [_project(row) for row in session.store.read(lambda c: c.execute(query).all(), empty=[])]


def get_project(session: LabelSession, project_id: str) -> Project:
    """One project. Raises InputError for an unknown id."""
    found = session.store.read(lambda c: _project(project_row(c, project_id)), empty=None)
    if found is None:
        raise no_project(project_id)
    return found


def _project(row: Row[Any]) -> Project:
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
