"""What a project takes once the world around it changed: closed, its people gone, its leases over, its guideline another."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from rebracket_core.annotation import (
    AckStatus,
    Decision,
    DecisionKind,
    EventKind,
    LabelSession,
    Project,
    Role,
    decide_item,
    flag_item,
    list_events,
    set_closed,
    set_guideline,
    set_role,
    skip_item,
    submit_labels,
    undo_event,
)
from rebracket_core.annotation.formats import export_labels, import_labels
from rebracket_core.annotation.queries import get_progress, list_labels
from rebracket_core.annotation.queue import claim_items, keep_items
from rebracket_core.errors import InputError
from tests.unit.annotation.conftest import Clock, answer

Make = Callable[..., Project]


def test_a_closed_project_takes_no_label_and_says_so_to_each(people: LabelSession, project: Make) -> None:
    p = project(4).project_id
    saved, late = (answer(claimed) for claimed in claim_items(people, p, n=2, by="ann").items)
    submit_labels(people, p, submissions=[saved], by="ann")
    assert set_closed(people, p, closed=True, by="ada").closed
    acks = submit_labels(people, p, submissions=[saved, late], by="ann")
    assert [ack.status for ack in acks] == [AckStatus.ALREADY, AckStatus.REFUSED] and "closed" in acks[1].reason
    assert claim_items(people, p, by="bo").items == ()
    assert [label.label_id for label in list_labels(people, p)] == [saved.label_id]
    assert not set_closed(people, p, closed=False, by="ada").closed
    assert submit_labels(people, p, submissions=[late], by="ann")[0].status is AckStatus.SAVED
    assert get_progress(people, p).n_labels == 2


def test_what_people_who_label_do_is_refused_in_a_closed_project(people: LabelSession, project: Make) -> None:
    p = project(4).project_id
    first, second = claim_items(people, p, n=2, by="ann").items
    label = answer(first)
    submit_labels(people, p, submissions=[label], by="ann")
    undo = str(uuid.uuid4())
    undo_event(people, label.label_id, by="ann", undo_id=undo)
    skip = skip_item(people, p, item_id=second.item.item_id, by="ann")
    set_closed(people, p, closed=True, by="ada")
    for act in (
        lambda: skip_item(people, p, item_id=first.item.item_id, by="ann"),
        lambda: flag_item(people, p, item_id=first.item.item_id, by="ann"),
        lambda: undo_event(people, skip, by="ann"),
        lambda: undo_event(people, undo, by="ann"),  # would give the label again
        lambda: undo_event(people, undo, by="ada"),
    ):
        with pytest.raises(InputError, match="closed"):
            act()
    assert list_labels(people, p) == []
    assert skip_item(people, p, item_id=second.item.item_id, by="ann", event_id=skip) == skip  # it was there before


def test_a_file_of_labels_is_refused_where_the_project_is_closed(people: LabelSession, project: Make) -> None:
    for name in ("First", "Second"):
        project(3, name=name)
    submit_labels(people, "first", submissions=[answer(c) for c in claim_items(people, "first", n=3, by="ann").items], by="ann")
    data = export_labels(people, "first").data.replace(b'"label_id": "', b'"label_id": "new-')
    set_closed(people, "second", closed=True, by="ada")
    with pytest.raises(InputError, match="annotations reopen second"):
        import_labels(people, "second", data=data, name="labels.jsonl", by="rea")
    assert list_labels(people, "second") == []
    set_closed(people, "second", closed=False, by="ada")
    assert import_labels(people, "second", data=data, name="labels.jsonl", by="rea").n_saved == 3


def test_closing_leaves_decisions_settings_and_guidelines_to_reviewers(people: LabelSession, project: Make) -> None:
    p = project(2).project_id
    claimed = claim_items(people, p, by="ann").items[0]
    submit_labels(people, p, submissions=[answer(claimed)], by="ann")
    with pytest.raises(InputError, match="admin"):
        set_closed(people, p, closed=True, by="rea")
    set_closed(people, p, closed=True, by="ada")
    event = decide_item(people, p, item_id=claimed.item.item_id, decision=Decision(DecisionKind.DROP), by="rea")
    undo_event(people, event, by="rea")
    assert set_guideline(people, p, text="Read it twice.", by="rea").version == 2
    closing = next(e for e in list_events(people, p) if e.kind is EventKind.SETTINGS)
    undo_event(people, closing.event_id, by="ada")
    assert claim_items(people, p, by="bo").items


def test_a_label_counts_though_its_lease_is_over_and_somebody_else_has_the_item(
    people: LabelSession, project: Make, clock: Clock
) -> None:
    p = project(1).project_id
    mine = claim_items(people, p, by="ann").items[0]
    clock.now += 24 * 3600
    theirs = claim_items(people, p, by="bo").items[0]
    assert theirs.item.item_id == mine.item.item_id
    assert keep_items(people, p, holding={mine.item.item_id: mine.lease.lease_id}, by="ann") == {}
    for by, claimed in (("bo", theirs), ("ann", mine)):
        assert submit_labels(people, p, submissions=[answer(claimed)], by=by)[0].status is AckStatus.SAVED
    assert {label.annotator for label in list_labels(people, p)} == {"ann", "bo"}
    assert claim_items(people, p, by="cy").items == ()


def test_whoever_was_removed_is_refused_and_what_they_gave_stays(people: LabelSession, project: Make) -> None:
    p = project(2).project_id
    first, second = claim_items(people, p, n=2, by="ann").items
    submit_labels(people, p, submissions=[answer(first)], by="ann")
    set_role(people, "ann", role=Role.ANNOTATOR, by="ada", active=False)
    with pytest.raises(InputError, match="may not work here"):
        submit_labels(people, p, submissions=[answer(second)], by="ann")
    assert [label.annotator for label in list_labels(people, p)] == ["ann"]


def test_a_label_says_the_guideline_that_its_reader_saw(people: LabelSession, project: Make) -> None:
    p = project(2).project_id
    first, second = claim_items(people, p, n=2, by="ann").items
    set_guideline(people, p, text="Read it twice.", by="rea")
    seen = replace(answer(first), guideline_version=1)
    submit_labels(people, p, submissions=[seen, answer(second)], by="ann")
    assert {label.item_id: label.guideline_version for label in list_labels(people, p)} == {
        first.item.item_id: 1,
        second.item.item_id: 2,
    }
