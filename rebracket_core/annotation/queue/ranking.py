"""In which order items are given out. Scores are made elsewhere; here they become places in the queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from rebracket_core.annotation.database.lookups import project_row, settings_of
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import hash_fraction, storable
from rebracket_core.annotation.entities.enums import Role
from rebracket_core.annotation.session import LabelSession, require

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

RANDOM_WHY = "random order"
SAMPLE_WHY = "random sample: a share of all texts, so that figures are fair"
REPEAT_GAP = 40
_CHUNK = 2000


def mixed(ordered: Sequence[str], chance: Sequence[str], *, share: float) -> list[str]:
    """Both lists as one, each in its order, so that every beginning of it holds about `share` of the second."""
    out: list[str] = []
    a, b = 0, 0
    while a < len(ordered) or b < len(chance):
        due = b < len(chance) and (a >= len(ordered) or b + 1 <= share * (len(out) + 1))
        out.append(chance[b] if due else ordered[a])
        a, b = a + (not due), b + due
    return out


def put_order(session: LabelSession, project_id: str, *, scores: Mapping[str, float], by: str, why: Mapping[str, str]) -> int:
    """Order a queue by scores, highest first, the random control sample mixed in (reviewers and admins).

    Written in parts, so that nobody who labels waits for long.

    Args:
        session: the labels' session.
        project_id: the project whose queue is ordered.
        scores: by item id; items without one follow in random order.
        by: the person_id of whoever orders.
        why: one sentence by item id, shown to whoever labels.

    Returns:
        The number of items that have a new place.
    """
    import sqlalchemy as sa

    items = tables().items
    query = sa.select(items.c.item_no, items.c.item_id, items.c.by_chance, items.c.repeat_of).where(
        items.c.project_id == project_id
    )

    def rows_of(connection: Connection) -> tuple[list[tuple[int, str, bool, str]], float]:
        require(connection, by, role=Role.REVIEWER)
        settings = settings_of(project_row(connection, project_id))
        return [tuple(row) for row in connection.execute(query)], settings.random_share  # type: ignore[misc]

    rows, share = session.store.write(rows_of, durable=False)
    places = _places(project_id, rows, scores=scores, share=share)
    changes = []
    for number, item_id, by_chance, repeat_of in rows:
        words = SAMPLE_WHY if by_chance else RANDOM_WHY if repeat_of else storable(why.get(item_id, RANDOM_WHY))
        changes.append({"no": number, "place": places[item_id], "words": words})
    for at in range(0, len(changes), _CHUNK):
        part = changes[at : at + _CHUNK]
        session.store.write(lambda connection, part=part: _write(connection, part), durable=False)  # type: ignore[misc]
    return len(changes)


def put_first(session: LabelSession, project_id: str, *, item_ids: Collection[str], by: str, why: str) -> int:
    """Put items before the others, which keep their order and their words (reviewers and admins).

    Those of the random control sample keep their turn.

    Returns:
        The number of these items that the project has.
    """
    import sqlalchemy as sa

    items, wanted = tables().items, set(item_ids)
    query = sa.select(items.c.item_id, items.c.rank, items.c.why).where(
        items.c.project_id == project_id, items.c.repeat_of == ""
    )
    rows = session.store.read(lambda c: (project_row(c, project_id), c.execute(query).all())[1], empty=[])
    scores = {row.item_id: 1.0 if row.item_id in wanted else -1.0 - row.rank for row in rows}
    words = {row.item_id: why if row.item_id in wanted else row.why for row in rows}
    put_order(session, project_id, scores=scores, by=by, why=words)
    return sum(row.item_id in wanted for row in rows)


def _places(
    project_id: str, rows: Sequence[tuple[int, str, bool, str]], *, scores: Mapping[str, float], share: float
) -> dict[str, int]:
    def chance_order(item_id: str) -> float:
        return hash_fraction(project_id, item_id, "order")

    firsts = [(item_id, by_chance) for _, item_id, by_chance, repeat_of in rows if not repeat_of]
    ordered = sorted(
        (i for i, by_chance in firsts if not by_chance), key=lambda i: (-scores.get(i, float("-inf")), chance_order(i))
    )
    chance = sorted((i for i, by_chance in firsts if by_chance), key=chance_order)
    places = {item_id: k for k, item_id in enumerate(mixed(ordered, chance, share=share))}
    return places | {i: places[of] + REPEAT_GAP for _, i, _, of in rows if of}


def _write(connection: Connection, part: Sequence[dict[str, object]]) -> None:
    import sqlalchemy as sa

    t = tables()
    connection.execute(
        sa.update(t.items)
        .where(t.items.c.item_no == sa.bindparam("no"))
        .values(rank=sa.bindparam("place"), why=sa.bindparam("words")),
        list(part),
    )
    connection.execute(
        sa.update(t.slots).where(t.slots.c.item_no == sa.bindparam("no")).values(rank=sa.bindparam("place")),
        [{"no": p["no"], "place": p["place"]} for p in part],
    )
