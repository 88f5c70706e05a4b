"""What models say of items: kept apart from what people say, and shown as the project's policy allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import Role, SuggestionPolicy
from rebracket_core.annotation.entities.records import Suggestion
from rebracket_core.annotation.session import Desk, item_row, project_row, require, settings_of, storable

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_CHUNK = 500


def put(desk: Desk, project_id: str, suggestions: Iterable[Suggestion], *, by: str) -> int:
    """The number of items that have a suggestion now, in the place of an earlier one. Unknown items are left out."""
    import sqlalchemy as sa

    t = tables()
    query = sa.select(t.items.c.item_no, t.items.c.item_id).where(t.items.c.project_id == project_id)

    def look(connection: Connection) -> dict[str, int]:
        require(connection, by, role=Role.REVIEWER)
        project_row(connection, project_id)
        return {row.item_id: row.item_no for row in connection.execute(query)}

    number = desk.store.write(look, durable=False)
    left = (s for s in suggestions if s.item_id in number)
    done = 0
    while part := list(islice(left, _CHUNK)):
        rows = [_row(desk, s, number[s.item_id]) for s in {s.item_id: s for s in part}.values()]
        desk.store.write(lambda connection, rows=rows: _replace(connection, rows), durable=False)  # type: ignore[misc]
        done += len(rows)
    return done


def _replace(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    import sqlalchemy as sa

    table = tables().suggestions
    connection.execute(sa.delete(table).where(table.c.item_no.in_([row["item_no"] for row in rows])))
    connection.execute(sa.insert(table), list(rows))


def _row(desk: Desk, told: Suggestion, number: int) -> dict[str, Any]:
    document = {
        "axes": {axis: [float(s) for s in shares] for axis, shares in told.axes.items()},
        "types": list(told.types),
        "album": told.album,
        "album_probability": told.album_probability,
    }
    return {"item_no": number, "run_id": told.run_id, "made_at": told.made_at or desk.now(), "document": storable(document)}


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
    told = row.document
    return Suggestion(
        item_id=row.item_id,
        run_id=row.run_id,
        axes={axis: tuple(shares) for axis, shares in told["axes"].items()},
        types=tuple(told["types"]),
        album=told["album"],
        album_probability=told["album_probability"],
        made_at=row.made_at,
    )


def every(desk: Desk, project_id: str) -> dict[str, Suggestion]:
    """The suggestions of a project by item id."""
    import sqlalchemy as sa

    t = tables()
    query = (
        sa.select(t.suggestions, t.items.c.item_id).join_from(t.suggestions, t.items).where(t.items.c.project_id == project_id)
    )
    rows = desk.store.read(lambda c: c.execute(query).all(), empty=[])
    return {row.item_id: suggestion_of(row) for row in rows}


def show(desk: Desk, project_id: str, item_id: str, *, by: str) -> Suggestion | None:
    """The suggestion that this person may see now, written down as shown; None where the policy shows none."""
    from rebracket_core.annotation.queue.leases import note_shown

    def look(connection: Connection) -> Suggestion | None:
        import sqlalchemy as sa

        settings = settings_of(project_row(connection, project_id))
        item, labels = item_row(connection, project_id, item_id), tables().labels
        if item.blind or settings.suggestions is SuggestionPolicy.NEVER:
            return None
        if (
            settings.suggestions is SuggestionPolicy.AFTER
            and connection.execute(
                sa.select(labels.c.label_id).where(
                    labels.c.item_no == item.item_no, labels.c.annotator == by, labels.c.round == item.round
                )
            ).first()
            is None
        ):
            return None
        return latest(connection, [item.item_no]).get(item.item_no)

    def write(connection: Connection) -> Suggestion | None:
        require(connection, by)
        told = look(connection)
        if told is not None:
            note_shown(desk, connection, [(item_row(connection, project_id, item_id), told.run_id)], by=by)
        return told

    return desk.store.write(write) if desk.store.read(look, empty=None) else None
