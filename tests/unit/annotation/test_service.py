"""The door: people and roles, leases, labels that are kept once, undo of anything, adjudication, snapshots."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from rebracket_core.annotation import (
    AckStatus,
    AnnotationService,
    AxisLabel,
    ClaimResult,
    Decision,
    DecisionKind,
    EventKind,
    Label,
    NewItem,
    Project,
    ProjectSettings,
    Role,
    Suggestion,
    SuggestionPolicy,
)
from rebracket_core.errors import InputError
from tests.unit.annotation.conftest import Clock, answer, value

Make = Callable[..., Project]


def _all(result: ClaimResult) -> list[str]:
    return [c.item.item_id for c in result.items]


def test_nothing_is_there_before_the_first_write(service: AnnotationService) -> None:
    assert (service.people(), service.projects(), service.snapshots(), service.replay()) == ([], [], [], [])
    with pytest.raises(InputError):
        service.project("none")


def test_the_first_person_is_admin_and_roles_are_checked(people: AnnotationService) -> None:
    assert [(p.person_id, p.role) for p in people.people()][:2] == [("ada", "admin"), ("ann", "annotator")]
    assert people.enrol("  ADA ").person_id == "ada"
    with pytest.raises(InputError, match="admin"):
        people.create_project("x", [NewItem("a", "text")], by="rea")
    with pytest.raises(InputError, match="last admin"):
        people.set_role("ada", Role.ANNOTATOR, by="ada")
    people.set_role("bo", Role.ANNOTATOR, by="ada", active=False)
    with pytest.raises(InputError, match="may not work"):
        people.flag("x", "a", by="bo")


def test_every_write_is_refused_to_those_who_may_not(people: AnnotationService, project: Make) -> None:
    p = project().project_id
    decision = Decision(DecisionKind.DROP)
    for refused in (
        lambda: people.change_settings(p, ProjectSettings(), by="rea"),
        lambda: people.set_guideline(p, "x", by="ann"),
        lambda: people.put_suggestions(p, [], by="ann"),
        lambda: people.put_order(p, {}, why={}, by="ann"),
        lambda: people.import_labels(p, [], by="ann", source="f"),
        lambda: people.decide(p, "t000", decision, by="ann"),
        lambda: people.adjudication_queue(p, by="ann"),
        lambda: people.set_role("ann", Role.ADMIN, by="rea"),
        lambda: people.claim(p, by="nobody"),
        lambda: people.submit(p, [], by="nobody"),
        lambda: people.snapshot(p, by="nobody"),
        lambda: people.skip(p, "t000", by="nobody"),
    ):
        with pytest.raises(InputError):
            refused()


@pytest.mark.parametrize("overlap", [1, 2, 3])
def test_every_text_gets_exactly_its_overlap(people: AnnotationService, project: Make, overlap: int) -> None:
    p = project(7, overlap=overlap).project_id
    names, empty = ("ann", "bo", "cy"), []
    while len(empty) < 3:
        for who in names:
            got = people.claim(p, 2, by=who)
            people.submit(p, [answer(c) for c in got.items], by=who)
            empty += [who] if not got.items and who not in empty else []
    counts = {item.item_id: item.n_labels for item in people.items(p)}
    assert set(counts.values()) == {overlap}
    assert people.progress(p).n_complete == 7
    assert "All 7 are done" in people.claim(p, by="ann").empty.reason  # type: ignore[union-attr]


def test_a_lease_keeps_others_away_until_it_runs_out(people: AnnotationService, project: Make, clock: Clock) -> None:
    p = project(2, lease_s=60).project_id
    first = people.claim(p, 2, by="ann")
    nothing = people.claim(p, 1, by="bo")
    assert nothing.items == () and nothing.empty is not None
    assert nothing.empty.leased == {"Ann": 2} and "with others (Ann 2)" in nothing.empty.reason
    assert nothing.empty.waiting_s == pytest.approx(60)
    clock.now += 50
    assert people.heartbeat(p, [first.items[0].lease.lease_id, "other"], by="ann") == (first.items[0].lease.lease_id,)
    clock.now += 30
    assert _all(people.claim(p, 2, by="bo")) == [first.items[1].item.item_id]


def test_a_label_whose_lease_ran_out_is_kept(people: AnnotationService, project: Make, clock: Clock) -> None:
    p = project(1, lease_s=60).project_id
    mine = people.claim(p, by="ann").items[0]
    clock.now += 61
    theirs = people.claim(p, by="bo").items[0]
    assert people.submit(p, [answer(theirs)], by="bo")[0].status is AckStatus.SAVED
    assert people.submit(p, [answer(mine)], by="ann")[0].status is AckStatus.SAVED
    assert people.item(p, "t000").n_labels == 2


def test_a_page_loaded_anew_gets_what_it_held(people: AnnotationService, project: Make) -> None:
    p = project(6).project_id
    held = people.claim(p, 3, by="ann")
    assert _all(people.claim(p, 3, by="ann")) == _all(held)
    more = people.claim(p, 3, by="ann", holding=_all(held))
    assert not set(_all(more)) & set(_all(held)) and len(more.items) == 3
    assert people.release(p, [c.lease.lease_id for c in more.items], by="ann") == 3
    assert len(people.claim(p, 3, by="bo").items) == 3


def test_a_label_sent_twice_is_kept_once(people: AnnotationService, project: Make) -> None:
    p = project().project_id
    sent = answer(people.claim(p, by="ann").items[0])
    acks = [people.submit(p, [sent, sent], by="ann"), people.submit(p, [sent], by="ann")]
    assert [a.status for part in acks for a in part] == ["saved", "already", "already"]
    assert people.submit(p, [sent], by="bo")[0].status is AckStatus.REFUSED
    assert len(people.labels(p)) == 1
    assert sum(e.kind is EventKind.LABEL for e in people.history(p)) == 1


def test_one_refused_label_stops_none_of_the_others(people: AnnotationService, project: Make) -> None:
    p = project().project_id
    good, bad = people.claim(p, 2, by="ann").items
    from dataclasses import replace

    wrong = [
        replace(answer(bad), item_id="gone"),
        replace(answer(bad), text_digest="0" * 64),
        replace(answer(bad), round=9),
        replace(answer(bad), label_id=""),
    ]
    acks = people.submit(p, [*wrong, answer(good)], by="ann")
    assert [a.status for a in acks] == ["refused"] * 4 + ["saved"]
    assert all(a.reason for a in acks[:4])


def test_a_second_answer_is_a_revision_and_the_first_stays_in_the_history(people: AnnotationService, project: Make) -> None:
    p = project().project_id
    mine = people.claim(p, by="ann").items[0]
    people.submit(p, [answer(mine, value("past"))], by="ann")
    assert people.submit(p, [answer(mine, value("future"))], by="ann")[0].status is AckStatus.REVISED
    (label,) = people.labels(p)
    assert label.revision == 2 and label.value == value("future")
    people.undo(label.label_id, by="ann")
    assert people.labels(p)[0].value == value("past")


def test_undo_gives_the_item_back_and_undo_of_undo_the_label(people: AnnotationService, project: Make) -> None:
    p = project().project_id
    mine = people.claim(p, by="ann").items[0]
    sent = answer(mine)
    people.submit(p, [sent], by="ann")
    back = people.undo(sent.label_id, by="ann", undo_id="undo-1")
    assert back is not None and back.item.item_id == mine.item.item_id
    assert people.labels(p) == [] and _all(people.claim(p, by="ann")) == [mine.item.item_id]
    assert people.undo(sent.label_id, by="ann", undo_id="undo-1") is None  # sent twice, done once
    with pytest.raises(InputError, match="undone already"):
        people.undo(sent.label_id, by="ann")
    people.undo("undo-1", by="ann")
    assert [label.label_id for label in people.labels(p)] == [sent.label_id]
    with pytest.raises(InputError):
        people.undo(sent.label_id, by="bo")
    people.undo(sent.label_id, by="ada")
    assert people.labels(p) == []


def test_an_undone_revision_brings_back_the_label_before_it(people: AnnotationService, project: Make) -> None:
    p = project(1, overlap=2).project_id
    mine = people.claim(p, by="ann").items[0]
    first, second = answer(mine, value("past")), answer(mine, value("future"))
    people.submit(p, [first, second], by="ann")
    assert people.undo(second.label_id, by="ann") is None
    assert [label.value for label in people.labels(p)] == [value("past")]
    assert _all(people.claim(p, by="bo")) == [mine.item.item_id]  # the other place is still free for somebody else


def test_a_skip_is_for_the_one_who_skipped(people: AnnotationService, project: Make) -> None:
    p = project(1).project_id
    people.claim(p, by="ann")
    event = people.skip(p, "t000", by="ann", reason="in a language I cannot read")
    empty = people.claim(p, by="ann").empty
    assert empty is not None and empty.skipped == 1 and "1 you skipped" in empty.reason
    assert _all(people.claim(p, by="bo")) == ["t000"]
    people.release(p, [people.claim(p, by="bo").items[0].lease.lease_id], by="bo")
    back = people.undo(event, by="ann")
    assert back is not None and back.item.item_id == "t000"


def test_the_queue_says_what_one_did_already(people: AnnotationService, project: Make) -> None:
    p = project(2, overlap=2).project_id
    people.submit(p, [answer(c) for c in people.claim(p, 2, by="ann").items], by="ann")
    empty = people.claim(p, by="ann").empty
    assert empty is not None and empty.yours == 2 and "you labelled them" in empty.reason


def test_settings_change_the_overlap_both_ways_and_can_be_undone(people: AnnotationService, project: Make) -> None:
    p = project(3).project_id
    people.submit(p, [answer(c) for c in people.claim(p, 3, by="ann").items], by="ann")
    people.change_settings(p, ProjectSettings(overlap=2), by="ada")
    assert len(people.claim(p, 5, by="bo").items) == 3
    event = people.history(p)[0]
    assert event.kind is EventKind.SETTINGS
    people.undo(event.event_id, by="ada")
    assert people.project(p).settings.overlap == 1 and people.progress(p).n_complete == 3
    people.change_settings(p, ProjectSettings(), by="ada", closed=True)
    assert "closed" in people.claim(p, by="bo").empty.reason  # type: ignore[union-attr]
    with pytest.raises(InputError, match="fixed"):
        people.change_settings(p, ProjectSettings(random_share=0.9), by="ada")


def test_labels_keep_the_guideline_that_they_were_given_under(people: AnnotationService, project: Make) -> None:
    p = project().project_id
    people.submit(p, [answer(people.claim(p, by="ann").items[0])], by="ann")
    assert people.set_guideline(p, "Read it twice.", by="rea").version == 2
    people.submit(p, [answer(people.claim(p, by="ann").items[0])], by="ann")
    assert sorted(label.guideline_version for label in people.labels(p)) == [1, 2]
    assert people.progress(p).on_old_guideline == 1
    assert people.guideline(p, 1).text == "Read it."
    people.undo(people.history(p, person="rea")[0].event_id, by="rea")
    assert people.guideline(p).text == "Read it."


def _voted(people: AnnotationService, p: str, *votes: str) -> None:
    for who, mode in zip(("ann", "bo", "cy"), votes, strict=False):
        people.submit(p, [answer(c, value(mode)) for c in people.claim(p, 10, by=who).items], by=who)


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
def test_disagreement_on_any_question_reaches_the_queue(people: AnnotationService, project: Make, scheme: str) -> None:
    p = project(1, overlap=2).project_id
    for who, said in zip(("ann", "bo"), SCHEMES[scheme], strict=True):
        people.submit(p, [answer(people.claim(p, by=who).items[0], said)], by=who)
    (case,) = people.adjudication_queue(p, by="rea")
    assert {vote.name for vote in case.votes} == {"A", "B"} and "apart" in case.why
    assert {vote.name for vote in people.adjudication_queue(p, by="rea", names=True)[0].votes} == {"Ann", "Bo"}


def test_those_who_agree_do_not_wait_and_flags_come_first(people: AnnotationService, project: Make) -> None:
    p = project(3, overlap=2).project_id
    _voted(people, p, "past", "past")
    assert people.adjudication_queue(p, by="rea") == []
    event = people.flag(p, "t002", by="cy", note="two texts in one")
    assert [c.why for c in people.adjudication_queue(p, by="rea")] == ["flagged: two texts in one"]
    people.undo(event, by="cy")
    assert people.adjudication_queue(p, by="rea") == []


@pytest.mark.parametrize("kind", ["gold", "keep", "drop"])
def test_a_decision_settles_and_can_be_undone(people: AnnotationService, project: Make, kind: str) -> None:
    p = project(1, overlap=3).project_id
    _voted(people, p, "past", "future")
    before = people.labels(p)
    gold = value("present") if kind == "gold" else None
    event = people.decide(p, "t000", Decision(DecisionKind(kind), value=gold, note="why"), by="rea")
    assert people.adjudication_queue(p, by="rea") == [] and people.claim(p, by="cy").items == ()
    assert people.labels(p) == before
    told = people.resolved(p)
    expected = {"gold": (0.0, 1.0, 0.0), "keep": (0.5, 0.0, 0.5)}
    assert [r.axes["temporal"] for r in told] == ([expected[kind]] if kind in expected else [])
    people.undo(event, by="rea")
    assert len(people.adjudication_queue(p, by="rea")) == 1 and len(people.claim(p, by="cy").items) == 1


def test_sent_back_it_is_a_new_round_for_the_one_who_is_asked(people: AnnotationService, project: Make) -> None:
    p = project(1, overlap=2).project_id
    _voted(people, p, "past", "future")
    people.decide(p, "t000", Decision(DecisionKind.SEND_BACK, note="Read the last line.", to="bo"), by="rea")
    assert people.claim(p, by="ann").items == ()
    again = people.claim(p, by="bo").items[0]
    assert (again.item.round, again.item.note) == (2, "Read the last line.")
    people.submit(p, [answer(again, value("past"))], by="bo")
    assert [label.round for label in people.labels(p)] == [1, 1, 2]
    assert [label.round for label in people.labels(p, every_round=False)] == [2]
    assert people.resolved(p)[0].axes["temporal"] == (1.0, 0.0, 0.0)


def test_a_fixed_guideline_asks_everybody_again(people: AnnotationService, project: Make) -> None:
    p = project(1, overlap=2).project_id
    _voted(people, p, "past", "future")
    event = people.decide(p, "t000", Decision(DecisionKind.FIX_GUIDELINE, guideline="Count the verbs."), by="rea")
    assert people.guideline(p).text == "Count the verbs." and len(people.claim(p, by="ann").items) == 1
    people.undo(event, by="rea")
    assert people.guideline(p).text == "Read it." and people.item(p, "t000").round == 1


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
def test_an_incomplete_decision_is_refused(people: AnnotationService, project: Make, decision: Decision) -> None:
    p = project(1).project_id
    with pytest.raises(InputError):
        people.decide(p, "t000", decision, by="rea")


def _suggested(people: AnnotationService, p: str, n: int) -> None:
    thirds = {axis: (0.2, 0.5, 0.3) for axis in ("temporal", "spatial", "ontological")}
    people.put_suggestions(p, [Suggestion(f"t{k:03d}", "run-1", thirds) for k in range(n)], by="rea")


def test_suggestions_are_shown_as_the_policy_says(people: AnnotationService, project: Make) -> None:
    for policy in SuggestionPolicy:
        p = project(30, name=str(policy), suggestions=policy, blind_share=0.3, random_share=0.2).project_id
        _suggested(people, p, 30)
        given = people.claim(p, 30, by="ann").items
        before = {c.item.item_id for c in given if c.suggestion or people.suggestion(p, c.item.item_id, by="ann")}
        people.submit(p, [answer(c, shown_at="2026-02-02T12:00:00+00:00") for c in given], by="ann")
        after = {c.item.item_id for c in given if people.suggestion(p, c.item.item_id, by="ann")}
        open_ = {i.item_id for i in people.items(p) if not i.blind}
        assert 5 < len(open_) < 28 and all(i.blind for i in people.items(p) if i.by_chance)
        assert before == (open_ if policy is SuggestionPolicy.BEFORE else set())
        assert after == (set() if policy is SuggestionPolicy.NEVER else open_)
        seen = {label.item_id for label in people.labels(p) if label.shown_run}
        assert seen == before


def test_the_database_refuses_to_show_a_blind_item(people: AnnotationService, project: Make, database_url: str) -> None:
    p = project(3, random_share=1.0, suggestions=SuggestionPolicy.BEFORE).project_id
    _suggested(people, p, 3)
    assert all(c.suggestion is None for c in people.claim(p, 3, by="ann").items)
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


def test_events_cannot_be_changed(people: AnnotationService, project: Make, database_url: str) -> None:
    project()
    engine = sa.create_engine(database_url)
    for words in ("UPDATE annotation_events SET person = 'x'", "DELETE FROM annotation_events"):
        with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="never changed"):
            connection.execute(sa.text(words))
    engine.dispose()


def test_scores_make_the_order_and_chance_is_mixed_in(people: AnnotationService, project: Make) -> None:
    p = project(100, random_share=0.2).project_id
    people.put_order(p, {f"t{k:03d}": float(k) for k in range(100)}, why={"t099": "the models differ"}, by="rea")
    given = people.claim(p, 50, by="ann").items
    chance = {i.item_id for i in people.items(p) if i.by_chance}
    picked = [c.item.item_id for c in given]
    assert 5 <= sum(i in chance for i in picked) <= 11
    scored = [i for i in picked if i not in chance]
    assert scored == sorted(scored, reverse=True)
    assert all(c.item.by_chance is False for c in given)  # whoever labels is not told
    if "t099" in scored:
        assert next(c.why for c in given if c.item.item_id == "t099") == "the models differ"


def test_repeats_come_back_only_to_whoever_labelled_them(people: AnnotationService, project: Make) -> None:
    p = project(5, repeat_share=1.0).project_id
    people.submit(p, [answer(c) for c in people.claim(p, 5, by="ann").items], by="ann")
    assert people.claim(p, 5, by="bo").items == ()
    again = people.claim(p, 5, by="ann").items
    assert len(again) == 5 and all(c.item.repeat_of == "" for c in again)
    people.submit(p, [answer(c) for c in again], by="ann")
    assert len(people.resolved(p)) == 5 and people.progress(p).n_labels == 10 and people.progress(p).n_complete == 5


def test_imported_labels_keep_their_people_and_times(people: AnnotationService, project: Make) -> None:
    p = project(2, overlap=2).project_id
    item = people.item(p, "t000")
    label = Label(
        "old-1", p, "t000", item.text_digest, "Dee", 1, value(), "2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00", 1
    )
    for status in ("saved", "already"):
        assert [a.status for a in people.import_labels(p, [label], by="rea", source="old.csv")] == [status]
    (kept,) = people.labels(p)
    assert (kept.annotator, kept.server_time, kept.source) == ("dee", "2020-01-01T00:00:00.000+00:00", "old.csv")
    assert people.person("dee").role is Role.ANNOTATOR


def test_labels_as_they_stood_and_snapshots_that_name_them(people: AnnotationService, project: Make, clock: Clock) -> None:
    p = project(3).project_id
    mine = people.claim(p, 3, by="ann").items
    people.submit(p, [answer(mine[0], value("past", confidence=500))], by="ann")
    then = people.snapshot(p, by="ann")
    moment = people.labels(p)[0].server_time
    clock.now += 60
    people.submit(p, [answer(mine[0], value("future")), answer(mine[1])], by="ann")
    now = people.snapshot(p, by="ann")
    assert people.snapshot(p, by="bo") == now and now.snapshot_id != then.snapshot_id
    assert [label.value.temporal for label in people.labels(p, as_of=moment)] == [AxisLabel.hard("temporal", "past")]
    old, new = people.resolved(p, snapshot_id=then.snapshot_id), people.resolved(p, snapshot_id=now.snapshot_id)
    assert (len(old), len(new)) == (1, 2) and (old[0].weight, new[0].weight) == (0.5, 1.0)
    assert [s.snapshot_id for s in people.snapshots(p)] == [now.snapshot_id, then.snapshot_id]
    assert people.labels(p, as_of="2999-01-01") == people.labels(p)


def test_cannot_tell_weighs_nothing_and_types_need_half(people: AnnotationService, project: Make) -> None:
    p = project(1, overlap=3).project_id
    for who, types in (("ann", frozenset({"memory", "causal"})), ("bo", frozenset({"memory"})), ("cy", None)):
        people.submit(p, [answer(people.claim(p, by=who).items[0], value(types=types))], by=who)
    (told,) = people.resolved(p)
    assert told.axes["ontological"] is None and told.types == ("causal", "memory")


def test_many_threads_claim_and_submit_without_a_double(people: AnnotationService, project: Make) -> None:
    p = project(40, overlap=2).project_id
    problems: list[BaseException] = []

    def work(who: str) -> None:
        try:
            while got := people.claim(p, 3, by=who).items:
                people.submit(p, [answer(c) for c in got], by=who)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(who,)) for who in ("ann", "bo", "cy", "ann")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    labels = people.labels(p)
    assert len(labels) == 80 and len({(label.item_id, label.annotator) for label in labels}) == 80
