"""What reviewers decide where people differ. Raw labels never change; a decision is an event that can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.lookups import item_of, project_row, settings_of
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import hash_fraction
from rebracket_core.annotation.entities.enums import DecisionKind, EventKind, Role
from rebracket_core.annotation.entities.label_schema import LabelValue
from rebracket_core.annotation.entities.records import Case, Decision, Rating, Suggestion
from rebracket_core.annotation.events.reducer import DISAGREES
from rebracket_core.annotation.labelling import ItemAct, act_on_item
from rebracket_core.annotation.queue.suggestions import latest
from rebracket_core.annotation.session import LabelSession, require
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def list_cases(session: LabelSession, project_id: str, *, by: str, limit: int = 50, names: bool = False) -> list[Case]:
    """The items that wait for a reviewer: flagged ones first, then by disagreement; names are letters unless asked for."""

    def read(connection: Connection) -> list[Case]:
        import sqlalchemy as sa

        require(connection, by, role=Role.REVIEWER)
        overlap = settings_of(project_row(connection, project_id)).overlap
        items = tables().items
        query = sa.select(items).where(items.c.project_id == project_id, items.c.waits)
        query = query.order_by(items.c.flagged.desc(), sa.func.coalesce(items.c.disagreement, 0.0).desc(), items.c.item_no)
        rows = connection.execute(query.limit(max(0, limit))).all()
        ratings, flags = _ratings(connection, rows), _flags(connection, rows)
        shown = _names(connection) if names else None
        suggestions = latest(connection, [row.item_no for row in rows])
        return [
            _case(
                row,
                ratings.get(row.item_no, []),
                flags=flags.get(row.item_no, []),
                names=shown,
                overlap=overlap,
                suggestion=suggestions.get(row.item_no),
            )
            for row in rows
        ]

    return session.store.read(read, empty=[])


def _ratings(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, list[Any]]:
    import sqlalchemy as sa

    labels, items = tables().labels, tables().items
    query = (
        sa.select(labels)
        .join_from(labels, items)
        .where(labels.c.item_no.in_([row.item_no for row in rows]), labels.c.round == items.c.round)
    )
    out: dict[int, list[Any]] = {}
    for label in connection.execute(query):
        out.setdefault(label.item_no, []).append(label)
    return out


def _flags(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, list[str]]:
    import sqlalchemy as sa

    flags = tables().flags
    out: dict[int, list[str]] = {}
    for row in connection.execute(sa.select(flags).where(flags.c.item_no.in_([row.item_no for row in rows]))):
        out.setdefault(row.item_no, []).append(row.note)
    return out


def _names(connection: Connection) -> dict[str, str]:
    import sqlalchemy as sa

    people = tables().people
    return {row.person_id: row.name for row in connection.execute(sa.select(people))}


def _case(
    item: Row[Any],
    labels: Sequence[Any],
    *,
    flags: Sequence[str],
    names: Mapping[str, str] | None,
    overlap: int,
    suggestion: Suggestion | None,
) -> Case:
    shuffled = sorted(labels, key=lambda label: hash_fraction(item.item_id, str(item.round), label.annotator))
    ratings = tuple(
        Rating(
            name=_letter(k) if names is None else names.get(label.annotator, label.annotator),
            value=LabelValue.from_dict(label.document["value"]),
            label_id=label.label_id,
            server_time=label.server_time,
            active_s=label.active_s,
        )
        for k, label in enumerate(shuffled)
    )
    apart = item.disagreement or 0.0
    notes = [f"flagged: {note}" if note else "flagged" for note in flags]
    notes += ["flagged with a label"] * any(rating.value.flag for rating in ratings)
    notes += [f"{len(ratings)} people are {apart:.2f} apart"] * (apart > DISAGREES)
    return Case(item_of(item, overlap=overlap), ratings, apart, "; ".join(notes), suggestion=suggestion)


def _letter(k: int) -> str:
    return _LETTERS[k % 26] + (str(k // 26) if k >= 26 else "")


def decide_item(
    session: LabelSession, project_id: str, *, item_id: str, decision: Decision, by: str, event_id: str | None = None
) -> str:
    """Settle an item, or send it out again (reviewers and admins). Raw labels never change; `undo_event` takes it back.

    Returns:
        The id of the event; the same `event_id` again changes nothing.

    Raises:
        InputError: for a decision that lacks what its kind needs.
    """
    _check(decision)
    again = decision.kind is DecisionKind.FIX_GUIDELINE

    def write(connection: Connection, item: Row[Any]) -> dict[str, Any]:
        if decision.to:
            require(connection, decision.to)
        if decision.kind is DecisionKind.KEEP and not item.n_labels:
            raise InputError(
                "There is no distribution to keep.",
                expected="an item with labels",
                found=item_id,
                hint="give a gold answer, or send it out again",
            )
        return {
            "kind": str(decision.kind),
            "value": decision.value.to_dict() if decision.value else None,
            "note": decision.note,
            "to": decision.to,
            "guideline": decision.guideline if again else None,
        }

    act = ItemAct(EventKind.DECISION, write, event_id, role=Role.REVIEWER)
    return act_on_item(session, project_id, item_id=item_id, by=by, act=act)


def _check(decision: Decision) -> None:
    kind = decision.kind
    wrong = ""
    if (kind is DecisionKind.GOLD) != (decision.value is not None):
        wrong = "an answer for gold, and for gold alone"
    elif kind is DecisionKind.SEND_BACK and not decision.note.strip():
        wrong = "a note that says what to look at"
    elif (kind is DecisionKind.FIX_GUIDELINE) != bool(decision.guideline.strip()):
        wrong = "the new guideline for fix_guideline, and for it alone"
    elif decision.to and kind is not DecisionKind.SEND_BACK:
        wrong = "a person only where an item is sent back"
    if wrong:
        raise InputError("The decision is not complete.", expected=wrong, found=str(kind), hint="complete it")
