"""Any order of claims, labels, skips, undos, decisions and passing time: a plain model and the database say the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rebracket_core.annotation import (
    AckStatus,
    Claimed,
    Decision,
    DecisionKind,
    LabelSession,
    NewItem,
    NewProject,
    ProjectSettings,
    Submission,
)
from rebracket_core.annotation.adjudication import decide_item
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.labelling import skip_item, submit_labels, undo_event
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_items, list_labels
from rebracket_core.annotation.queue.leases import claim_items
from tests.unit.annotation.conftest import Clock, answer, value

NAMES = ("ann", "bo", "cy")
WHO = st.sampled_from(NAMES)
LEASE_S = 60


class Labelling(RuleBasedStateMachine):
    """The model: current labels by (item, person, round), skips, rounds and settled items, kept beside the session."""

    @initialize(overlap=st.integers(1, 3), n=st.integers(1, 5))
    def start(self, overlap: int, n: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.session = LabelSession.open(f"sqlite:///{Path(self.folder.name) / 'w.db'}", clock=self.clock)
        for name in ("rea", *NAMES):
            enrol(self.session, name)
        items = [NewItem(f"t{k}", f"text {k}") for k in range(n)]
        settings_ = ProjectSettings(overlap=overlap, lease_s=LEASE_S)
        self.p = create_project(self.session, NewProject("p", items, settings=settings_), by="rea").project_id
        self.overlap, self.items = overlap, [i.item_id for i in items]
        self.labels: dict[tuple[str, str, int], list[str]] = {}
        self.skips: dict[tuple[str, str, int], str] = {}
        self.decisions: dict[str, list[tuple[str, DecisionKind]]] = {}
        self.held: dict[str, list[Claimed]] = {name: [] for name in NAMES}
        self.until: dict[tuple[str, str], float] = {}
        self.sent: dict[str, tuple[str, Submission]] = {}

    def round_of(self, item: str) -> int:
        return 1 + sum(kind is DecisionKind.SEND_BACK for _, kind in self.decisions.get(item, ()))

    def settled(self, item: str) -> bool:
        told = self.decisions.get(item, [])
        return bool(told) and told[-1][1] is not DecisionKind.SEND_BACK

    def current(self, item: str) -> set[str]:
        return {who for (i, who, r), ids in self.labels.items() if ids and i == item and r == self.round_of(item)}

    @rule(who=WHO, n=st.integers(1, 4))
    def claim(self, who: str, n: int) -> None:
        got = claim_items(self.session, self.p, n=n, by=who)
        ids = [c.item.item_id for c in got.items]
        assert len(set(ids)) == len(ids) <= n and (len(ids) == n or got.empty is not None)
        for c in got.items:
            item = c.item.item_id
            assert not self.settled(item) and who not in self.current(item)
            assert c.item.round == self.round_of(item) and (item, who, c.item.round) not in self.skips
            self.until[item, who] = self.clock.now + LEASE_S
            live = sum(
                i == item and w not in self.current(item) and until >= self.clock.now for (i, w), until in self.until.items()
            )
            assert len(self.current(item)) + live <= max(self.overlap, len(self.current(item)) + 1)
        self.held[who] += got.items

    @precondition(lambda self: any(self.held.values()))
    @rule(who=WHO, mode=st.sampled_from(["past", "present", "future"]), pick=st.integers(0, 9))
    def submit(self, who: str, mode: str, pick: int) -> None:
        if not self.held[who]:
            return
        claimed = self.held[who][pick % len(self.held[who])]
        sent = answer(claimed, value(mode))
        (ack,) = submit_labels(self.session, self.p, submissions=[sent], by=who)
        key = (claimed.item.item_id, who, claimed.item.round)
        if claimed.item.round > self.round_of(claimed.item.item_id):
            assert ack.status is AckStatus.REFUSED  # the round was undone
            return
        assert ack.status in (AckStatus.SAVED, AckStatus.REVISED)
        self.labels.setdefault(key, []).append(sent.label_id)
        self.skips.pop(key, None)
        self.sent[sent.label_id] = (who, sent)
        if claimed.item.round == self.round_of(claimed.item.item_id):
            self.until.pop((claimed.item.item_id, who), None)
        if len(self.current(claimed.item.item_id)) >= self.overlap:  # nothing is wanted any more: other leases end
            self.until = {key: until for key, until in self.until.items() if key[0] != claimed.item.item_id}

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 99))
    def send_again(self, pick: int) -> None:
        who, sent = self.sent[sorted(self.sent)[pick % len(self.sent)]]
        assert submit_labels(self.session, self.p, submissions=[sent], by=who)[0].status is AckStatus.ALREADY

    @rule(who=WHO, pick=st.integers(0, 9))
    def skip(self, who: str, pick: int) -> None:
        item = self.items[pick % len(self.items)]
        if who in self.current(item):
            return
        key = (item, who, self.round_of(item))
        self.skips[key] = skip_item(self.session, self.p, item_id=item, by=who)
        self.until.pop((item, who), None)

    @precondition(lambda self: any(self.labels.values()))
    @rule(pick=st.integers(0, 99))
    def undo_label(self, pick: int) -> None:
        item, who, number = sorted(k for k, ids in self.labels.items() if ids)[pick % sum(map(bool, self.labels.values()))]
        back = undo_event(self.session, self.labels[item, who, number].pop(), by=who)
        if back is not None:
            self.until[back.item.item_id, who] = self.clock.now + LEASE_S
            if back.item.item_id not in {c.item.item_id for c in self.held[who]}:
                self.held[who].append(back)

    @rule(pick=st.integers(0, 9), kind=st.sampled_from([DecisionKind.DROP, DecisionKind.GOLD, DecisionKind.SEND_BACK]))
    def decide(self, pick: int, kind: DecisionKind) -> None:
        item = self.items[pick % len(self.items)]
        gold = value() if kind is DecisionKind.GOLD else None
        event = decide_item(self.session, self.p, item_id=item, decision=Decision(kind, value=gold, note="look"), by="rea")
        self.decisions.setdefault(item, []).append((event, kind))
        self.until = {key: until for key, until in self.until.items() if key[0] != item}

    @precondition(lambda self: any(self.decisions.values()))
    @rule(pick=st.integers(0, 9))
    def undo_decision(self, pick: int) -> None:
        items = sorted(i for i, told in self.decisions.items() if told)
        item = items[pick % len(items)]
        undo_event(self.session, self.decisions[item].pop()[0], by="rea")
        self.until = {key: until for key, until in self.until.items() if key[0] != item}

    @rule(seconds=st.sampled_from([10, 61, 300]))
    def time_passes(self, seconds: int) -> None:
        self.clock.now += seconds

    @invariant()
    def tables_and_model_agree(self) -> None:
        assert check_consistency(self.session) == []
        there = {(label.item_id, label.annotator, label.round): label.label_id for label in list_labels(self.session, self.p)}
        assert there == {key: ids[-1] for key, ids in self.labels.items() if ids}
        for item in list_items(self.session, self.p):
            assert item.n_labels == len(self.current(item.item_id)) and item.round == self.round_of(item.item_id)

    def teardown(self) -> None:
        if hasattr(self, "service"):
            self.session.close()
            self.folder.cleanup()


TestLabelling = Labelling.TestCase
TestLabelling.settings = settings(
    max_examples=3, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.slow
class TestLabellingLong(Labelling.TestCase):  # type: ignore[valid-type, misc]  # hypothesis makes it at run time
    """The same for longer."""

    settings = settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
