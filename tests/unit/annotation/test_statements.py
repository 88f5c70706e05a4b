"""Statements run straight on the driver: the same rows and errors as SQLAlchemy's way; what is acknowledged is on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from rebracket_core.annotation import LabelSession, Project
from rebracket_core.annotation.database.schema import labels_store
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import new_id
from rebracket_core.annotation.entities.enums import EventKind
from rebracket_core.annotation.events.log import NewEvent, append_event
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.database.statements import insertion, rows, run, several
from rebracket_core.errors import StoreError
from tests.unit.annotation.conftest import answer

Make = Callable[..., Project]


def _people(n: int) -> sa.Select[tuple[object, ...]]:
    people = tables().people
    return sa.select(people).where(people.c.person_id.in_(several("ids", n))).order_by(people.c.person_id)


def _person() -> sa.Insert:
    return insertion(tables().people)


def _event(n: int) -> sa.Select[tuple[object, ...]]:
    events = tables().events
    return sa.select(events).where(events.c.event_id.in_(several("ids", n)))


@pytest.mark.parametrize("n", [1, 3, 5])
def test_a_list_of_any_length_finds_what_it_names_once(database_url: str, n: int) -> None:
    store = labels_store(database_url)
    rows_ = [{"person_id": f"p{k}", "name": "Ada", "role": "admin", "active": k % 2 == 0} for k in range(6)]
    store.write(lambda c: run(c, _person, rows_))
    found = store.read(lambda c: rows(c, _people, ids=[f"p{k}" for k in range(n)]), empty=[])
    plain = store.read(lambda c: c.execute(_people(n), {f"ids_{k}": f"p{k}" for k in range(n)}).all(), empty=[])
    assert [tuple(row) for row in found] == [tuple(row) for row in plain] and len(found) == n
    assert found[0].active is True and store.read(lambda c: rows(c, _people, ids=[]), empty=None) == []
    store.close()


def test_documents_come_back_as_they_went_in(database_url: str) -> None:
    store, key, payload = labels_store(database_url), new_id(), {"b": [1, None, "ä\u2028"], "a": {"x": 0.5}}
    store.write(lambda c: append_event(c, NewEvent(EventKind.FLAG, key, "now", "ann", payload=payload)))
    (event,) = store.read(lambda c: rows(c, _event, ids=[key]), empty=[])
    assert event.payload == payload and event.kind == "flag" and event.seq == 1
    store.close()


def test_what_the_database_refuses_is_raised_as_ever(database_url: str) -> None:
    store = labels_store(database_url)
    twice = [{"person_id": "p", "name": "Ada", "role": "admin", "active": True}] * 2
    with pytest.raises(StoreError, match="refused"):
        store.write(lambda c: run(c, _person, twice))
    assert store.read(lambda c: rows(c, _people, ids=["p"]), empty=None) == []
    store.close()


def test_a_label_is_on_the_disk_before_it_is_acknowledged(
    people: LabelSession, project: Make, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    p, synced, real = project().project_id, [], os.fsync
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL waits for the disk itself")
    log = Path(database_url.removeprefix("sqlite:///") + "-wal").stat().st_ino
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_ino), real(handle))[1])
    got = claim_items(people, p, by="ann").items
    assert synced == []  # a lease that a loss of power takes back is given again
    submit_labels(people, p, submissions=[answer(got[0])], by="ann")
    assert log in synced
