"""What a desk is told: writes once, hands out what fits, refuses what cannot be read, never shows what is blind."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.annotation import (
    EVEN,
    AxisLabel,
    LabelSession,
    NewItem,
    NewProject,
    ProjectSettings,
    Suggestion,
    SuggestionPolicy,
)
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.people import enrol, get_person, set_role
from rebracket_core.annotation.projects import create_project, get_project, set_closed, set_guideline
from rebracket_core.annotation.queries import get_item, get_progress, list_items, list_labels
from rebracket_core.annotation.queue.leases import release_leases
from rebracket_core.annotation.queue.suggestions import put_suggestions
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.ui.annotate.labelling.choices import choices, in_words
from rebracket_core.ui.annotate.labelling.protocol import ClientSession

HARD = {"per_mille": [1000, 0, 0], "kind": "hard"}
VALUE = {**dict.fromkeys(AXIS_NAMES, HARD), "types": ["memory"], "confidence": 650, "note": "n", "flag": False}


@pytest.fixture
def session(tmp_path: Path) -> LabelSession:
    session = LabelSession.open(f"sqlite:///{tmp_path / 'labels.db'}")
    enrol(session, "Ann")
    enrol(session, "Bo")
    return session


def _desk(session: LabelSession, *, policy: SuggestionPolicy = SuggestionPolicy.NEVER, blind: float = 0.0) -> ClientSession:
    settings = ProjectSettings(blind_share=blind, random_share=0.0, suggestions=policy)
    items = [NewItem(f"i{n}", f"text {n}") for n in range(12)]
    project = create_project(session, NewProject("Trial", items, settings=settings), by="ann")
    axes: dict[str, tuple[float, ...]] = dict.fromkeys(AXIS_NAMES, (0.2, 0.3, 0.5))
    put_suggestions(
        session, "trial", suggestions=[Suggestion(f"i{n}", "run-1", axes, ("memory",), "Red") for n in range(12)], by="ann"
    )
    return ClientSession(session, project, get_person(session, "bo"), 5)


def _entry(item: dict[str, Any], kind: str = "label", **more: Any) -> dict[str, Any]:
    told = {name: item[name] for name in ("item_id", "round", "text_digest", "lease_id")}
    return {"id": str(uuid.uuid4()), "kind": kind, **told, "value": VALUE, "client_time": "2026-01-01T00:00:00Z", **more}


def _holding(items: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"item_id": item["item_id"], "lease_id": item["lease_id"]} for item in items]


def test_the_first_answer_hands_out_what_fits_and_the_next_fills_up(session: LabelSession) -> None:
    desk = _desk(session)
    first = desk.reply({})
    assert len(first["items"]) == 5 and first["done"] == [] and first["progress"] == {"done": 0, "total": 12, "mine": 0}
    one, *rest = first["items"]
    label = _entry(one, active_s=2.5)
    said = {"batch": 1, "entries": [label], "holding": _holding(rest)}
    second = desk.reply(said)
    assert second["done"] == [{"id": label["id"], "status": "saved", "reason": ""}]
    assert len(second["items"]) == 1 and second["items"][0]["item_id"] not in {i["item_id"] for i in first["items"]}
    again = desk.reply(said)
    assert again["done"][0]["status"] == "already" and again["items"] == second["items"]
    (kept,) = list_labels(session, "trial")
    assert kept.value.to_dict() == VALUE and kept.active_s == 2.5
    assert check_consistency(session) == []


def test_label_undo_and_label_again_said_twice_leave_one_label(session: LabelSession) -> None:
    desk = _desk(session)
    item = desk.reply({})["items"][0]
    first = _entry(item)
    undo = {"id": str(uuid.uuid4()), "kind": "undo", "target": first["id"], "item_id": item["item_id"], "round": 1}
    second = _entry(item, value={**VALUE, "note": "better"})
    for _ in range(2):
        told = desk.reply({"batch": 1, "entries": [first, undo, second], "holding": []})
        assert [ack["status"] for ack in told["done"]].count("refused") == 0
    (label,) = list_labels(session, "trial")
    assert label.label_id == second["id"] and label.value.note == "better"
    assert check_consistency(session) == []


def test_skip_and_flag_are_written_once(session: LabelSession) -> None:
    desk = _desk(session)
    item = desk.reply({})["items"][0]
    entries = [_entry(item, "flag", note="odd"), _entry(item, "skip", reason="odd")]
    for _ in range(2):
        told = desk.reply({"entries": entries, "holding": []})
        assert [ack["status"] for ack in told["done"]] == ["saved", "saved"]
        assert item["item_id"] not in {one["item_id"] for one in told["items"]}
    assert get_progress(session, "trial").n_skipped == 1 and get_item(session, "trial", item_id=item["item_id"]).flagged


def test_what_cannot_be_read_is_refused_by_its_id_and_stops_nothing(session: LabelSession) -> None:
    desk = _desk(session)
    one, two, *_ = desk.reply({})["items"]
    wrong = [
        _entry(one, value={**VALUE, "temporal": {"per_mille": [999, 0, 0], "kind": "soft"}}),
        _entry(one, text_digest="another"),
        {**_entry(one), "kind": "drop table"},
        {**_entry(one, "undo"), "target": "nothing-like-it"},
    ]
    good = _entry(two)
    told = desk.reply({"entries": [*wrong, {"no": "id"}, 7, good], "holding": "nonsense"})
    status = {ack["id"]: ack["status"] for ack in told["done"]}
    assert status == {**{entry["id"]: "refused" for entry in wrong}, good["id"]: "saved"}
    assert all(ack["reason"] for ack in told["done"] if ack["status"] == "refused")
    assert len(list_labels(session, "trial")) == 1


def test_a_lease_that_somebody_else_has_now_is_said_to_be_lost(session: LabelSession) -> None:
    desk = _desk(session)
    items = desk.reply({})["items"]
    release_leases(session, "trial", lease_ids=[items[0]["lease_id"]], by="bo")
    assert desk.reply({"entries": [], "holding": _holding(items)})["lost"] == [items[0]["lease_id"]]


def test_a_page_loaded_anew_is_told_what_can_be_undone(session: LabelSession) -> None:
    desk = _desk(session)
    one, two, *_ = desk.reply({})["items"]
    label, skip = _entry(one), _entry(two, "skip")
    desk.reply({"entries": [label, skip], "holding": []})
    recent = desk.reply({})["recent"]
    assert [(r["id"], r["item"]["item_id"], r["value"]) for r in recent] == [
        (skip["id"], two["item_id"], None),
        (label["id"], one["item_id"], VALUE),
    ]


def test_suggestions_follow_the_policy_and_blind_items_never_show_one(session: LabelSession) -> None:
    desk = _desk(session, policy=SuggestionPolicy.BEFORE, blind=0.5)
    items = {item["item_id"]: item for item in ClientSession(session, desk.project, desk.person, 12).reply({})["items"]}
    blind = {item.item_id for item in list_items(session, "trial") if item.blind}
    assert 0 < len(blind) < 12
    assert {item_id for item_id, item in items.items() if item["suggestion"] is None} == blind
    shown = next(item for item_id, item in items.items() if item_id not in blind)
    assert shown["suggestion"] == {"axes": [[200, 300, 500]] * 3, "types": ["memory"], "album": "Red"}
    desk.reply({"entries": [_entry(shown, shown_at="2026-01-01T00:00:00.000Z")], "holding": []})
    assert list_labels(session, "trial")[0].shown_run == "run-1"


def test_afterwards_the_last_label_stands_beside_the_model(session: LabelSession) -> None:
    desk = _desk(session, policy=SuggestionPolicy.AFTER)
    first = desk.reply({})
    assert all(item["suggestion"] is None for item in first["items"]) and first["last"] is None
    label = _entry(first["items"][0], about="text")
    last = desk.reply({"entries": [label], "holding": []})["last"]
    assert last == {"id": label["id"], "about": "text", "mine": [[1000, 0, 0]] * 3, "model": [[200, 300, 500]] * 3}


def test_every_answer_has_words_of_its_own_and_even_is_even_however_it_is_rounded() -> None:
    for axis in AXIS_NAMES:
        found = choices(axis)
        assert len(found) == 17 == len({answer.per_mille for answer in found.values()})
        assert found["all three equally"].per_mille == EVEN and list(found)[-1] == "cannot tell"
        assert all(in_words(axis, answer) == words for words, answer in found.items())
        assert in_words(axis, AxisLabel.of((333, 333, 334))) == "all three equally"
    assert in_words("temporal", AxisLabel.of((620, 0, 380))) == "past 62 %, future 38 %"


def test_somebody_who_may_not_work_here_gets_nothing(session: LabelSession) -> None:
    desk = _desk(session)
    item = desk.reply({})["items"][0]
    set_role(session, "bo", role=get_person(session, "bo").role, by="ann", active=False)
    with pytest.raises(Exception, match="may not work here"):
        desk.reply({"entries": [_entry(item)], "holding": []})
    assert list_labels(session, "trial") == []


def test_a_label_names_the_guideline_on_the_page_and_a_newer_one_is_announced(session: LabelSession) -> None:
    desk = replace(_desk(session), guideline_shown=1)
    first = desk.reply({})
    set_guideline(session, "trial", text="Read it twice.", by="ann")
    later = replace(desk, project=get_project(session, "trial"))
    said = later.reply({"entries": [], "holding": _holding(first["items"])})
    assert (said["guideline_version"], said["guideline_now"]) == (1, 2)
    shown_anew = replace(later, guideline_shown=2).reply({})
    assert (shown_anew["guideline_version"], shown_anew["guideline_now"]) == (2, 2)


def test_a_closed_project_refuses_every_entry_by_its_id_and_hands_nothing_out(session: LabelSession) -> None:
    desk = _desk(session)
    one, two, *rest = desk.reply({})["items"]
    saved = _entry(one)
    desk.reply({"entries": [saved], "holding": _holding([two, *rest])})
    set_closed(session, "trial", closed=True, by="ann")
    closed = replace(desk, project=get_project(session, "trial"))
    entries = [saved, _entry(two), _entry(rest[0], "skip"), {"id": str(uuid.uuid4()), "kind": "undo", "target": saved["id"]}]
    said = closed.reply({"entries": entries, "holding": _holding(rest)})
    assert [ack["status"] for ack in said["done"]] == ["already", "refused", "refused", "refused"]
    assert all("closed" in ack["reason"] for ack in said["done"][1:])
    assert said["closed"] is True and said["items"] == [] and "closed" in said["empty"]
    assert [label.label_id for label in list_labels(session, "trial")] == [saved["id"]]
