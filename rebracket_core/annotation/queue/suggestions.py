"""What models say of items: kept apart from what people say, and shown as the project's policy allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.lookups import item_row, project_row, settings_of
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import new_id, storable
from rebracket_core.annotation.entities.enums import EventKind, Role, SuggestionPolicy
from rebracket_core.annotation.entities.records import Suggestion
from rebracket_core.annotation.events.log import NewEvent, append_event, lock_events
from rebracket_core.annotation.session import LabelSession, require

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_CHUNK = 500


def put_suggestions(session: LabelSession, project_id: str, *, suggestions: Iterable[Suggestion], by: str) -> int:
    """Store what a model says of items, in the place of an earlier suggestion (reviewers and admins).

    Returns:
        The number of items that have a suggestion of these now; unknown items are left out.
    """
    import sqlalchemy as sa

    t = tables()
    query = sa.select(t.items.c.item_no, t.items.c.item_id).where(t.items.c.project_id == project_id)

    def rows_of(connection: Connection) -> dict[str, int]:
        require(connection, by, role=Role.REVIEWER)
        project_row(connection, project_id)
        return {row.item_id: row.item_no for row in connection.execute(query)}

    number = session.store.write(rows_of, durable=False)
    left = (s for s in suggestions if s.item_id in number)
    done = 0
    while part := list(islice(left, _CHUNK)):
        rows = [_row(s, number[s.item_id], now=session.now()) for s in {s.item_id: s for s in part}.values()]
        session.store.write(lambda connection, rows=rows: _replace(connection, rows), durable=False)  # type: ignore[misc]
        done += len(rows)
    return done


def _replace(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    import sqlalchemy as sa

    table = tables().suggestions
    connection.execute(sa.delete(table).where(table.c.item_no.in_([row["item_no"] for row in rows])))
    connection.execute(sa.insert(table), list(rows))


def _row(suggestion: Suggestion, number: int, *, now: str) -> dict[str, Any]:
    document = {
        "axes": {axis: [float(s) for s in shares] for axis, shares in suggestion.axes.items()},
        "types": list(suggestion.types),
        "album": suggestion.album,
        "album_probability": suggestion.album_probability,
    }
    made_at = suggestion.made_at or now
    return {"item_no": number, "run_id": suggestion.run_id, "made_at": made_at, "document": storable(document)}


def latest(connection: Connection, numbers: Sequence[int]) -> dict[int, Suggestion]:
    """The suggestion of each of these items that has one, by item number."""
    import sqlalchemy as sa

    t = tables()
    query = (
        sa.select(t.suggestions, t.items.c.item_id)
        .join_from(t.suggestions, t.items)
        .where(t.suggestions.c.item_no.in_(list(numbers)))
    )
    return {row.item_no: suggestion_of(row) for row in connection.execute(query)} if numbers else {}


def suggestion_of(row: Any) -> Suggestion:
    """A suggestion's row as a value."""
    document = row.document
    return Suggestion(
        item_id=row.item_id,
        run_id=row.run_id,
        axes={axis: tuple(shares) for axis, shares in document["axes"].items()},
        types=tuple(document["types"]),
        album=document["album"],
        album_probability=document["album_probability"],
        made_at=row.made_at,
    )


def list_suggestions(session: LabelSession, project_id: str) -> dict[str, Suggestion]:
    """The latest suggestion by item id, shown or not: for statistics, never for whoever labels."""
    import sqlalchemy as sa

    t = tables()
    query = (
        sa.select(t.suggestions, t.items.c.item_id).join_from(t.suggestions, t.items).where(t.items.c.project_id == project_id)
    )
    rows = session.store.read(lambda c: c.execute(query).all(), empty=[])
    return {row.item_id: suggestion_of(row) for row in rows}


def show_suggestion(session: LabelSession, project_id: str, *, item_id: str, by: str) -> Suggestion | None:
    """The suggestion that this person may see now, noted as shown.

    None for blind items and the random control sample, always; before one's own label under the policy "after"; under
    "never".
    """

    def rows_of(connection: Connection) -> Suggestion | None:
        settings = settings_of(project_row(connection, project_id))
        item = item_row(connection, project_id, item_id=item_id)
        hidden = item.blind or settings.suggestions is SuggestionPolicy.NEVER
        if hidden or (settings.suggestions is SuggestionPolicy.AFTER and not _has_label(connection, item, by=by)):
            return None
        return latest(connection, [item.item_no]).get(item.item_no)

    def write(connection: Connection) -> Suggestion | None:
        require(connection, by)
        found = rows_of(connection)
        if found is not None:
            item = item_row(connection, project_id, item_id=item_id)
            note_shown(connection, [(item, found.run_id)], by=by, at=session.now())
        return found

    return session.store.write(write) if session.store.read(rows_of, empty=None) else None


def _has_label(connection: Connection, item: Any, *, by: str) -> bool:
    import sqlalchemy as sa

    labels = tables().labels
    mine = sa.select(labels.c.label_id).where(
        labels.c.item_no == item.item_no, labels.c.annotator == by, labels.c.round == item.round
    )
    return connection.execute(mine).first() is not None


def note_shown(connection: Connection, pairs: Sequence[tuple[Any, str]], *, by: str, at: str) -> None:
    """Note, once for a person, item and run, that a suggestion was shown; `pairs` are the items' rows and the runs."""
    import sqlalchemy as sa

    shown = tables().shown
    if not pairs:
        return
    lock_events(connection)
    query = sa.select(shown.c.item_no, shown.c.run_id).where(
        shown.c.person == by, shown.c.item_no.in_([row.item_no for row, _ in pairs])
    )
    there = {tuple(row) for row in connection.execute(query)}
    for row, run_id in pairs:
        if (row.item_no, run_id) not in there:
            event = NewEvent(EventKind.SHOWN, new_id(), at, by, row.project_id, row.item_id, payload={"run_id": run_id})
            append_event(connection, event)
            connection.execute(sa.insert(shown), {"item_no": row.item_no, "person": by, "run_id": run_id, "at": at})
