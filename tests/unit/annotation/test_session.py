"""The door: people and roles, leases, labels that are kept once, undo of anything, adjudication, snapshots."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from rebracket_core.annotation import (
    AckStatus,
    AxisLabel,
    ClaimResult,
    Decision,
    DecisionKind,
    EventKind,
    Label,
    LabelSession,
    NewItem,
    NewProject,
    Project,
    ProjectSettings,
    Role,
    Suggestion,
    SuggestionPolicy,
)
from rebracket_core.annotation.adjudication import decide_item, list_cases
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.labelling import flag_item, skip_item, submit_imported, submit_labels, undo_event
from rebracket_core.annotation.people import enrol, enrol_within, get_person, list_people, set_role
from rebracket_core.annotation.projects import (
    change_settings,
    create_project,
    get_guideline,
    get_project,
    list_projects,
    set_guideline,
)
from rebracket_core.annotation.queries import get_item, get_progress, list_events, list_items, list_labels
from rebracket_core.annotation.queue.leases import claim_items, release_leases, renew_leases
from rebracket_core.annotation.queue.ranking import put_order
from rebracket_core.annotation.queue.suggestions import put_suggestions, show_suggestion
from rebracket_core.annotation.snapshots import list_snapshots, resolve_labels, take_snapshot
from rebracket_core.errors import InputError
from tests.unit.annotation.conftest import Clock, answer, value

Make = Callable[..., Project]


def _all(result: ClaimResult) -> list[str]:
    return [c.item.item_id for c in result.items]


def test_nothing_is_there_before_the_first_write(session: LabelSession) -> None:
    assert (list_people(session), list_projects(session), list_snapshots(session), check_consistency(session)) == (
        [],
        [],
        [],
        [],
    )
    with pytest.raises(InputError):
        get_project(session, "none")


def test_names_that_look_the_same_are_one_person(people: LabelSession, monkeypatch: pytest.MonkeyPatch) -> None:
    first = enrol(people, "\u00d6zil")
    for same in ("O\u0308zil", "\u00f6zil\u200b", " \u00d6zil\u00a0", "\u00d6\u00adzil"):
        assert enrol(people, same) == first
    assert enrol(people, "\u00d6zil A") != first

    with monkeypatch.context() as earlier:  # whose ids stand as they were typed
        earlier.setattr("rebracket_core.annotation.people.person_key", lambda name: name)
        people.store.write(lambda held: enrol_within(held, "zoe\u0308", name="Zoe\u0308", at=people.now()))
    assert enrol(people, "Zoe\u0308").person_id == "zoe\u0308"


def test_the_first_person_is_admin_and_roles_are_checked(people: LabelSession) -> None:
    assert [(p.person_id, p.role) for p in list_people(people)][:2] == [("ada", "admin"), ("ann", "annotator")]
    assert enrol(people, "  ADA ").person_id == "ada"
    with pytest.raises(InputError, match="admin"):
        create_project(people, NewProject("x", [NewItem("a", "text")]), by="rea")
    with pytest.raises(InputError, match="last admin"):
        set_role(people, "ada", role=Role.ANNOTATOR, by="ada")
    set_role(people, "bo", role=Role.ANNOTATOR, by="ada", active=False)
    with pytest.raises(InputError, match="may not work"):
        flag_item(people, "x", item_id="a", by="bo")


def test_every_write_is_refused_to_those_who_may_not(people: LabelSession, project: Make) -> None:
    p = project().project_id
    decision = Decision(DecisionKind.DROP)
    for refused in (
        lambda: change_settings(people, p, settings=ProjectSettings(), by="rea"),
        lambda: set_guideline(people, p, text="x", by="ann"),
        lambda: put_suggestions(people, p, suggestions=[], by="ann"),
        lambda: put_order(people, p, scores={}, why={}, by="ann"),
        lambda: submit_imported(people, p, labels=[], by="ann", source="f"),
        lambda: decide_item(people, p, item_id="t000", decision=decision, by="ann"),
        lambda: list_cases(people, p, by="ann"),
        lambda: set_role(people, "ann", role=Role.ADMIN, by="rea"),
        lambda: claim_items(people, p, by="nobody"),
        lambda: submit_labels(people, p, submissions=[], by="nobody"),
        lambda: take_snapshot(people, p, by="nobody"),
        lambda: skip_item(people, p, item_id="t000", by="nobody"),
    ):
        with pytest.raises(InputError):
            refused()


@pytest.mark.parametrize("overlap", [1, 2, 3])
def test_every_text_gets_exactly_its_overlap(people: LabelSession, project: Make, overlap: int) -> None:
    p = project(7, overlap=overlap).project_id
    names = ("ann", "bo", "cy")
    empty: list[str] = []
    while len(empty) < 3:
        for who in names:
            got = claim_items(people, p, n=2, by=who)
            submit_labels(people, p, submissions=[answer(c) for c in got.items], by=who)
            empty += [who] if not got.items and who not in empty else []
    counts = {item.item_id: item.n_labels for item in list_items(people, p)}
    assert set(counts.values()) == {overlap}
    assert get_progress(people, p).n_complete == 7
    assert "All 7 are done" in claim_items(people, p, by="ann").empty.reason  # type: ignore[union-attr]


def test_a_lease_keeps_others_away_until_it_runs_out(people: LabelSession, project: Make, clock: Clock) -> None:
    p = project(2, lease_s=60).project_id
    first = claim_items(people, p, n=2, by="ann")
    nothing = claim_items(people, p, n=1, by="bo")
    assert nothing.items == () and nothing.empty is not None
    assert nothing.empty.leased == {"Ann": 2} and "with others (Ann 2)" in nothing.empty.reason
    assert nothing.empty.waiting_s == pytest.approx(60)
    clock.now += 50
    assert renew_leases(people, p, lease_ids=[first.items[0].lease.lease_id, "other"], by="ann") == (
        first.items[0].lease.lease_id,
    )
    clock.now += 30
    assert _all(claim_items(people, p, n=2, by="bo")) == [first.items[1].item.item_id]


def test_a_label_whose_lease_ran_out_is_kept(people: LabelSession, project: Make, clock: Clock) -> None:
    p = project(1, lease_s=60).project_id
    mine = claim_items(people, p, by="ann").items[0]
    clock.now += 61
    theirs = claim_items(people, p, by="bo").items[0]
    assert submit_labels(people, p, submissions=[answer(theirs)], by="bo")[0].status is AckStatus.SAVED
    assert submit_labels(people, p, submissions=[answer(mine)], by="ann")[0].status is AckStatus.SAVED
    assert get_item(people, p, item_id="t000").n_labels == 2


def test_a_page_loaded_anew_gets_what_it_held(people: LabelSession, project: Make) -> None:
    p = project(6).project_id
    held = claim_items(people, p, n=3, by="ann")
    assert _all(claim_items(people, p, n=3, by="ann")) == _all(held)
    more = claim_items(people, p, n=3, by="ann", holding=_all(held))
    assert not set(_all(more)) & set(_all(held)) and len(more.items) == 3
    assert release_leases(people, p, lease_ids=[c.lease.lease_id for c in more.items], by="ann") == 3
    assert len(claim_items(people, p, n=3, by="bo").items) == 3


def test_a_label_sent_twice_is_kept_once(people: LabelSession, project: Make) -> None:
    p = project().project_id
    sent = answer(claim_items(people, p, by="ann").items[0])
    acks = [
        submit_labels(people, p, submissions=[sent, sent], by="ann"),
        submit_labels(people, p, submissions=[sent], by="ann"),
    ]
    assert [a.status for part in acks for a in part] == ["saved", "already", "already"]
    assert submit_labels(people, p, submissions=[sent], by="bo")[0].status is AckStatus.REFUSED
    assert len(list_labels(people, p)) == 1
    assert sum(e.kind is EventKind.LABEL for e in list_events(people, p)) == 1


def test_one_refused_label_stops_none_of_the_others(people: LabelSession, project: Make) -> None:
    p = project().project_id
    good, bad = claim_items(people, p, n=2, by="ann").items
    from dataclasses import replace

    wrong = [
        replace(answer(bad), item_id="gone"),
        replace(answer(bad), text_digest="0" * 64),
        replace(answer(bad), round=9),
        replace(answer(bad), label_id=""),
    ]
    acks = submit_labels(people, p, submissions=[*wrong, answer(good)], by="ann")
    assert [a.status for a in acks] == ["refused"] * 4 + ["saved"]
    assert all(a.reason for a in acks[:4])


def test_a_second_answer_is_a_revision_and_the_first_stays_in_the_history(people: LabelSession, project: Make) -> None:
    p = project().project_id
    mine = claim_items(people, p, by="ann").items[0]
    submit_labels(people, p, submissions=[answer(mine, value("past"))], by="ann")
    assert submit_labels(people, p, submissions=[answer(mine, value("future"))], by="ann")[0].status is AckStatus.REVISED
    (label,) = list_labels(people, p)
    assert label.revision == 2 and label.value == value("future")
    undo_event(people, label.label_id, by="ann")
    assert list_labels(people, p)[0].value == value("past")


def test_undo_gives_the_item_back_and_undo_of_undo_the_label(people: LabelSession, project: Make) -> None:
    p = project().project_id
    mine = claim_items(people, p, by="ann").items[0]
    sent = answer(mine)
    submit_labels(people, p, submissions=[sent], by="ann")
    back = undo_event(people, sent.label_id, by="ann", undo_id="undo-1")
    assert back is not None and back.item.item_id == mine.item.item_id
    assert list_labels(people, p) == [] and _all(claim_items(people, p, by="ann")) == [mine.item.item_id]
    assert undo_event(people, sent.label_id, by="ann", undo_id="undo-1") is None  # sent twice, done once
    with pytest.raises(InputError, match="undone already"):
        undo_event(people, sent.label_id, by="ann")
    undo_event(people, "undo-1", by="ann")
    assert [label.label_id for label in list_labels(people, p)] == [sent.label_id]
    with pytest.raises(InputError):
        undo_event(people, sent.label_id, by="bo")
    undo_event(people, sent.label_id, by="ada")
    assert list_labels(people, p) == []


def test_an_undone_revision_brings_back_the_label_before_it(people: LabelSession, project: Make) -> None:
    p = project(1, overlap=2).project_id
    mine = claim_items(people, p, by="ann").items[0]
    first, second = answer(mine, value("past")), answer(mine, value("future"))
    submit_labels(people, p, submissions=[first, second], by="ann")
    assert undo_event(people, second.label_id, by="ann") is None
    assert [label.value for label in list_labels(people, p)] == [value("past")]
    assert _all(claim_items(people, p, by="bo")) == [mine.item.item_id]  # the other place is still free for somebody else


def test_a_skip_is_for_the_one_who_skipped(people: LabelSession, project: Make) -> None:
    p = project(1).project_id
    claim_items(people, p, by="ann")
    event = skip_item(people, p, item_id="t000", by="ann", reason="in a language I cannot read")
    empty = claim_items(people, p, by="ann").empty
    assert empty is not None and empty.skipped == 1 and "1 you skipped" in empty.reason
    assert _all(claim_items(people, p, by="bo")) == ["t000"]
    release_leases(people, p, lease_ids=[claim_items(people, p, by="bo").items[0].lease.lease_id], by="bo")
    back = undo_event(people, event, by="ann")
    assert back is not None and back.item.item_id == "t000"


def test_the_queue_says_what_one_did_already(people: LabelSession, project: Make) -> None:
    p = project(2, overlap=2).project_id
    submit_labels(people, p, submissions=[answer(c) for c in claim_items(people, p, n=2, by="ann").items], by="ann")
    empty = claim_items(people, p, by="ann").empty
    assert empty is not None and empty.yours == 2 and "you labelled them" in empty.reason


def test_settings_change_the_overlap_both_ways_and_can_be_undone(people: LabelSession, project: Make) -> None:
    p = project(3).project_id
    submit_labels(people, p, submissions=[answer(c) for c in claim_items(people, p, n=3, by="ann").items], by="ann")
    change_settings(people, p, settings=ProjectSettings(overlap=2), by="ada")
    assert len(claim_items(people, p, n=5, by="bo").items) == 3
    event = list_events(people, p)[0]
    assert event.kind is EventKind.SETTINGS
    undo_event(people, event.event_id, by="ada")
    assert get_project(people, p).settings.overlap == 1 and get_progress(people, p).n_complete == 3
    change_settings(people, p, settings=ProjectSettings(), by="ada", closed=True)
    assert "closed" in claim_items(people, p, by="bo").empty.reason  # type: ignore[union-attr]
    with pytest.raises(InputError, match="fixed"):
        change_settings(people, p, settings=ProjectSettings(random_share=0.9), by="ada")


def test_labels_keep_the_guideline_that_they_were_given_under(people: LabelSession, project: Make) -> None:
    p = project().project_id
    submit_labels(people, p, submissions=[answer(claim_items(people, p, by="ann").items[0])], by="ann")
    assert set_guideline(people, p, text="Read it twice.", by="rea").version == 2
    submit_labels(people, p, submissions=[answer(claim_items(people, p, by="ann").items[0])], by="ann")
    assert sorted(label.guideline_version for label in list_labels(people, p)) == [1, 2]
    assert get_progress(people, p).on_old_guideline == 1
    assert get_guideline(people, p, version=1).text == "Read it."
    undo_event(people, list_events(people, p, person="rea")[0].event_id, by="rea")
    assert get_guideline(people, p).text == "Read it."


def _rated(people: LabelSession, p: str, *modes: str) -> None:
    for who, mode in zip(("ann", "bo", "cy"), modes, strict=False):
        submit_labels(
            people, p, submissions=[answer(c, value(mode)) for c in claim_items(people, p, n=10, by=who).items], by=who
        )


SCHEMES = {
    "temporal": (value("past"), value("future")),
    "spatial": (value("past", "thing"), value("past", "person")),
    "soft": (
        value("past"),
        value().__class__(AxisLabel.of((500, 500, 0)), AxisLabel.hard("spatial", "thing"), AxisLabel.abstain()),
    ),
    "types": (value(types=frozenset({"memory"})), value(types=frozenset({"temporal", "memory"}))),
    "no types": (value(types=frozenset({"memory"})), value(types=frozenset())),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_disagreement_on_any_question_reaches_the_queue(people: LabelSession, project: Make, scheme: str) -> None:
    p = project(1, overlap=2).project_id
    for who, said in zip(("ann", "bo"), SCHEMES[scheme], strict=True):
        submit_labels(people, p, submissions=[answer(claim_items(people, p, by=who).items[0], said)], by=who)
    (case,) = list_cases(people, p, by="rea")
    assert {rating.name for rating in case.ratings} == {"A", "B"} and "apart" in case.why
    assert {rating.name for rating in list_cases(people, p, by="rea", names=True)[0].ratings} == {"Ann", "Bo"}


def test_those_who_agree_do_not_wait_and_flags_come_first(people: LabelSession, project: Make) -> None:
    p = project(3, overlap=2).project_id
    _rated(people, p, "past", "past")
    assert list_cases(people, p, by="rea") == []
    event = flag_item(people, p, item_id="t002", by="cy", note="two texts in one")
    assert [c.why for c in list_cases(people, p, by="rea")] == ["flagged: two texts in one"]
    undo_event(people, event, by="cy")
    assert list_cases(people, p, by="rea") == []


@pytest.mark.parametrize("kind", ["gold", "keep", "drop"])
def test_a_decision_settles_and_can_be_undone(people: LabelSession, project: Make, kind: str) -> None:
    p = project(1, overlap=3).project_id
    _rated(people, p, "past", "future")
    before = list_labels(people, p)
    gold = value("present") if kind == "gold" else None
    event = decide_item(people, p, item_id="t000", decision=Decision(DecisionKind(kind), value=gold, note="why"), by="rea")
    assert list_cases(people, p, by="rea") == [] and claim_items(people, p, by="cy").items == ()
    assert list_labels(people, p) == before
    told = resolve_labels(people, p)
    expected = {"gold": (0.0, 1.0, 0.0), "keep": (0.5, 0.0, 0.5)}
    assert [r.axes["temporal"] for r in told] == ([expected[kind]] if kind in expected else [])
    undo_event(people, event, by="rea")
    assert len(list_cases(people, p, by="rea")) == 1 and len(claim_items(people, p, by="cy").items) == 1


def test_sent_back_it_is_a_new_round_for_the_one_who_is_asked(people: LabelSession, project: Make) -> None:
    p = project(1, overlap=2).project_id
    _rated(people, p, "past", "future")
    decide_item(
        people, p, item_id="t000", decision=Decision(DecisionKind.SEND_BACK, note="Read the last line.", to="bo"), by="rea"
    )
    assert claim_items(people, p, by="ann").items == ()
    again = claim_items(people, p, by="bo").items[0]
    assert (again.item.round, again.item.note) == (2, "Read the last line.")
    submit_labels(people, p, submissions=[answer(again, value("past"))], by="bo")
    assert [label.round for label in list_labels(people, p)] == [1, 1, 2]
    assert [label.round for label in list_labels(people, p, every_round=False)] == [2]
    assert resolve_labels(people, p)[0].axes["temporal"] == (1.0, 0.0, 0.0)


def test_a_fixed_guideline_asks_everybody_again(people: LabelSession, project: Make) -> None:
    p = project(1, overlap=2).project_id
    _rated(people, p, "past", "future")
    event = decide_item(
        people, p, item_id="t000", decision=Decision(DecisionKind.FIX_GUIDELINE, guideline="Count the verbs."), by="rea"
    )
    assert get_guideline(people, p).text == "Count the verbs." and len(claim_items(people, p, by="ann").items) == 1
    undo_event(people, event, by="rea")
    assert get_guideline(people, p).text == "Read it." and get_item(people, p, item_id="t000").round == 1


@pytest.mark.parametrize(
    "decision",
    [
        Decision(DecisionKind.GOLD),
        Decision(DecisionKind.KEEP, value=value()),
        Decision(DecisionKind.SEND_BACK),
        Decision(DecisionKind.FIX_GUIDELINE),
        Decision(DecisionKind.DROP, to="ann"),
        Decision(DecisionKind.KEEP),
    ],
)
def test_an_incomplete_decision_is_refused(people: LabelSession, project: Make, decision: Decision) -> None:
    p = project(1).project_id
    with pytest.raises(InputError):
        decide_item(people, p, item_id="t000", decision=decision, by="rea")


def _suggested(people: LabelSession, p: str, n: int) -> None:
    thirds: dict[str, tuple[float, ...]] = {axis: (0.2, 0.5, 0.3) for axis in ("temporal", "spatial", "ontological")}
    put_suggestions(people, p, suggestions=[Suggestion(f"t{k:03d}", "run-1", thirds) for k in range(n)], by="rea")


def test_suggestions_are_shown_as_the_policy_says(people: LabelSession, project: Make) -> None:
    for policy in SuggestionPolicy:
        p = project(30, name=str(policy), suggestions=policy, blind_share=0.3, random_share=0.2).project_id
        _suggested(people, p, 30)
        given = claim_items(people, p, n=30, by="ann").items
        before = {c.item.item_id for c in given if c.suggestion or show_suggestion(people, p, item_id=c.item.item_id, by="ann")}
        submit_labels(people, p, submissions=[answer(c, shown_at="2026-02-02T12:00:00+00:00") for c in given], by="ann")
        after = {c.item.item_id for c in given if show_suggestion(people, p, item_id=c.item.item_id, by="ann")}
        open_ = {i.item_id for i in list_items(people, p) if not i.blind}
        assert 5 < len(open_) < 28 and all(i.blind for i in list_items(people, p) if i.in_random_sample)
        assert before == (open_ if policy is SuggestionPolicy.BEFORE else set())
        assert after == (set() if policy is SuggestionPolicy.NEVER else open_)
        seen = {label.item_id for label in list_labels(people, p) if label.shown_run}
        assert seen == before


def test_the_database_refuses_to_show_a_blind_item(people: LabelSession, project: Make, database_url: str) -> None:
    p = project(3, random_share=1.0, suggestions=SuggestionPolicy.BEFORE).project_id
    _suggested(people, p, 3)
    assert all(c.suggestion is None for c in claim_items(people, p, n=3, by="ann").items)
    engine = sa.create_engine(database_url)
    words = (
        "INSERT INTO annotation_shown (item_no, person, run_id, at, blind) "
        "SELECT item_no, 'ann', 'r', 'x', {} FROM annotation_items"
    )
    said = r"(?i)never_blind|foreign key|shown_item"
    for blind in ("true", "false"):
        with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match=said):
            if engine.dialect.name == "sqlite":
                connection.execute(sa.text("PRAGMA foreign_keys=ON"))
            connection.execute(sa.text(words.format(blind)))
            connection.commit()
    engine.dispose()


def test_events_cannot_be_changed(people: LabelSession, project: Make, database_url: str) -> None:
    project()
    engine = sa.create_engine(database_url)
    for words in ("UPDATE annotation_events SET person = 'x'", "DELETE FROM annotation_events"):
        with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="never changed"):
            connection.execute(sa.text(words))
    engine.dispose()


def test_scores_make_the_order_and_chance_is_mixed_in(people: LabelSession, project: Make) -> None:
    p = project(100, random_share=0.2).project_id
    put_order(people, p, scores={f"t{k:03d}": float(k) for k in range(100)}, why={"t099": "the models differ"}, by="rea")
    given = claim_items(people, p, n=50, by="ann").items
    chance = {i.item_id for i in list_items(people, p) if i.in_random_sample}
    picked = [c.item.item_id for c in given]
    assert 5 <= sum(i in chance for i in picked) <= 11
    scored = [i for i in picked if i not in chance]
    assert scored == sorted(scored, reverse=True)
    assert all(c.item.in_random_sample is False for c in given)  # whoever labels is not told
    if "t099" in scored:
        assert next(c.why for c in given if c.item.item_id == "t099") == "the models differ"


def test_repeats_come_back_only_to_whoever_labelled_them(people: LabelSession, project: Make) -> None:
    p = project(5, repeat_share=1.0).project_id
    submit_labels(people, p, submissions=[answer(c) for c in claim_items(people, p, n=5, by="ann").items], by="ann")
    assert claim_items(people, p, n=5, by="bo").items == ()
    again = claim_items(people, p, n=5, by="ann").items
    assert len(again) == 5 and all(c.item.repeat_of == "" for c in again)
    submit_labels(people, p, submissions=[answer(c) for c in again], by="ann")
    assert (
        len(resolve_labels(people, p)) == 5
        and get_progress(people, p).n_labels == 10
        and get_progress(people, p).n_complete == 5
    )


def test_imported_labels_keep_their_people_and_times(people: LabelSession, project: Make) -> None:
    p = project(2, overlap=2).project_id
    item = get_item(people, p, item_id="t000")
    label = Label(
        "old-1", p, "t000", item.text_digest, "Dee", 1, value(), "2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00", 1
    )
    for status in ("saved", "already"):
        assert [a.status for a in submit_imported(people, p, labels=[label], by="rea", source="old.csv")] == [status]
    (kept,) = list_labels(people, p)
    assert (kept.annotator, kept.server_time, kept.source) == ("dee", "2020-01-01T00:00:00.000+00:00", "old.csv")
    assert get_person(people, "dee").role is Role.ANNOTATOR


def test_labels_as_they_stood_and_snapshots_that_name_them(people: LabelSession, project: Make, clock: Clock) -> None:
    p = project(3).project_id
    mine = claim_items(people, p, n=3, by="ann").items
    submit_labels(people, p, submissions=[answer(mine[0], value("past", confidence=500))], by="ann")
    then = take_snapshot(people, p, by="ann")
    moment = list_labels(people, p)[0].server_time
    clock.now += 60
    submit_labels(people, p, submissions=[answer(mine[0], value("future")), answer(mine[1])], by="ann")
    now = take_snapshot(people, p, by="ann")
    assert take_snapshot(people, p, by="bo") == now and now.snapshot_id != then.snapshot_id
    assert [label.value.temporal for label in list_labels(people, p, as_of=moment)] == [AxisLabel.hard("temporal", "past")]
    old, new = resolve_labels(people, p, snapshot_id=then.snapshot_id), resolve_labels(people, p, snapshot_id=now.snapshot_id)
    assert (len(old), len(new)) == (1, 2) and (old[0].weight, new[0].weight) == (0.5, 1.0)
    assert [s.snapshot_id for s in list_snapshots(people, p)] == [now.snapshot_id, then.snapshot_id]
    assert list_labels(people, p, as_of="2999-01-01") == list_labels(people, p)


def test_cannot_tell_weighs_nothing_and_types_need_half(people: LabelSession, project: Make) -> None:
    p = project(1, overlap=3).project_id
    for who, types in (("ann", frozenset({"memory", "causal"})), ("bo", frozenset({"memory"})), ("cy", None)):
        submit_labels(people, p, submissions=[answer(claim_items(people, p, by=who).items[0], value(types=types))], by=who)
    (told,) = resolve_labels(people, p)
    assert told.axes["ontological"] is None and told.types == ("causal", "memory")


def test_many_threads_claim_and_submit_without_a_double(people: LabelSession, project: Make) -> None:
    p = project(40, overlap=2).project_id
    problems: list[BaseException] = []

    def work(who: str) -> None:
        try:
            while got := claim_items(people, p, n=3, by=who).items:
                submit_labels(people, p, submissions=[answer(c) for c in got], by=who)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(who,)) for who in ("ann", "bo", "cy", "ann")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    labels = list_labels(people, p)
    assert len(labels) == 80 and len({(label.item_id, label.annotator) for label in labels}) == 80
