"""What reviewers decide where people differ. Raw labels never change; a decision is an event that can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.entities.enums import DecisionKind, EventKind, Role
from rebracket_core.annotation.entities.label_schema import LabelValue
from rebracket_core.annotation.entities.records import Case, Decision, Suggestion, Vote
from rebracket_core.annotation.events.reducer import DISAGREES
from rebracket_core.annotation.labelling import on_item
from rebracket_core.annotation.queue.leases import item_of
from rebracket_core.annotation.queue.suggestions import latest
from rebracket_core.annotation.session import Desk, project_row, require, settings_of, share_of
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def queue(desk: Desk, project_id: str, *, by: str, limit: int, names: bool) -> list[Case]:
    """What waits for a reviewer, flagged items first, then those where people are furthest apart."""

    def look(connection: Connection) -> list[Case]:
        import sqlalchemy as sa

        require(connection, by, role=Role.REVIEWER)
        overlap = settings_of(project_row(connection, project_id)).overlap
        items = tables().items
        query = sa.select(items).where(items.c.project_id == project_id, items.c.waits)
        query = query.order_by(items.c.flagged.desc(), sa.func.coalesce(items.c.disagreement, 0.0).desc(), items.c.item_no)
        rows = connection.execute(query.limit(max(0, limit))).all()
        votes, flags = _votes(connection, rows), _flags(connection, rows)
        shown = _names(connection) if names else None
        told = latest(connection, [row.item_no for row in rows])
        return [
            _case(
                row,
                votes.get(row.item_no, []),
                flags.get(row.item_no, []),
                names=shown,
                overlap=overlap,
                told=told.get(row.item_no),
            )
            for row in rows
        ]

    return desk.store.read(look, empty=[])


def _votes(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, list[Any]]:
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
    flags: Sequence[str],
    *,
    names: Mapping[str, str] | None,
    overlap: int,
    told: Suggestion | None,
) -> Case:
    shuffled = sorted(labels, key=lambda label: share_of(item.item_id, str(item.round), label.annotator))
    votes = tuple(
        Vote(
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
    notes += ["flagged with a label"] * any(vote.value.flag for vote in votes)
    notes += [f"{len(votes)} people are {apart:.2f} apart"] * (apart > DISAGREES)
    return Case(item_of(item, overlap=overlap), votes, apart, "; ".join(notes), suggestion=told)


def _letter(k: int) -> str:
    return _LETTERS[k % 26] + (str(k // 26) if k >= 26 else "")


def decide(desk: Desk, project_id: str, item_id: str, decision: Decision, *, by: str, event_id: str | None) -> str:
    """The id of the event; see `AnnotationService.decide`."""
    _check(decision)
    again = decision.kind is DecisionKind.FIX_GUIDELINE

    def act(connection: Connection, item: Row[Any]) -> dict[str, Any]:
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

    return on_item(desk, project_id, item_id, kind=EventKind.DECISION, by=by, event_id=event_id, act=act, role=Role.REVIEWER)


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
