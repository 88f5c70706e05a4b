"""The reducer: events → states. The same rules make the tables after every write and check them in `check_consistency`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from rebracket_core.annotation.entities.enums import DecisionKind, EventKind
from rebracket_core.annotation.entities.label_schema import LabelValue
from rebracket_core.rainbow import AXIS_NAMES

DISAGREES = 0.2
SETTLED = frozenset({DecisionKind.GOLD, DecisionKind.KEEP, DecisionKind.DROP})
AGAIN = frozenset({DecisionKind.SEND_BACK, DecisionKind.FIX_GUIDELINE})


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """A label as a row: what names it, when, and its document."""

    label_id: str
    server_time: str
    active_s: float
    guideline_version: int
    document: dict[str, Any]


@dataclass(slots=True)
class ItemState:
    """The state of an item. Labels by (annotator, round), skips by (person, round), shown by (person, run)."""

    round: int = 1
    labels: dict[tuple[str, int], LabelRecord] = field(default_factory=dict)
    skips: dict[tuple[str, int], str] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    shown: dict[tuple[str, str], str] = field(default_factory=dict)
    decision: dict[str, Any] | None = None
    note: str = ""
    only_for: str | None = None
    kinds: frozenset[str] = frozenset()

    @property
    def current(self) -> dict[str, LabelRecord]:
        """The labels of this round by annotator."""
        return {who: label for (who, number), label in self.labels.items() if number == self.round}

    @property
    def settled(self) -> bool:
        """Whether no more labels are wanted because a reviewer decided."""
        return self.decision is not None

    def columns(self) -> dict[str, Any]:
        """What the item's own row says of it."""
        current = self.current
        values = [label.document["value"] for label in current.values()]
        apart = disagreement(values)
        flagged = bool(self.flags) or any(value["flag"] for value in values)
        return {
            "round": self.round,
            "n_labels": len(current),
            "disagreement": apart,
            "flagged": flagged,
            "decision": self.decision["document"]["kind"] if self.decision else None,
            "note": self.note,
            "waits": not self.settled and (flagged or (apart or 0.0) > DISAGREES),
        }


def undone(events: Iterable[Any]) -> set[str]:
    """The ids of the events that are undone: an undo counts unless it is undone itself."""
    dead: set[str] = set()
    for event in sorted((e for e in events if e.kind == EventKind.UNDO), key=lambda e: -e.seq):
        if event.event_id not in dead:
            dead.add(event.target)
    return dead


def reduce_item(events: Sequence[Any]) -> ItemState:
    """The state of an item after its events, in their order."""
    state = ItemState(kinds=frozenset(e.kind for e in events))
    dead = undone(events) if EventKind.UNDO in state.kinds else set()
    revisions: dict[tuple[str, int], int] = {}
    for event in events:
        if event.kind == EventKind.LABEL:
            key = (event.payload["annotator"], event.payload["round"])
            revisions[key] = revisions.get(key, 0) + 1
            if event.event_id not in dead:
                state.labels[key] = _label(event, revision=revisions[key])
                state.skips.pop(key, None)
        elif event.event_id not in dead:
            _apply(state, event)
    return state


def _label(event: Any, *, revision: int) -> LabelRecord:
    payload = event.payload
    names = ("text_digest", "value", "client_time", "shown_run", "shown_at", "source")
    return LabelRecord(
        label_id=event.event_id,
        server_time=payload.get("server_time") or event.at,
        active_s=float(payload["active_s"]),
        guideline_version=int(payload["guideline_version"]),
        document={**{name: payload[name] for name in names}, "revision": revision},
    )


def _apply(state: ItemState, event: Any) -> None:
    payload = event.payload
    if event.kind == EventKind.SKIP:
        state.skips[event.person, payload["round"]] = payload["reason"]
    elif event.kind == EventKind.FLAG:
        state.flags[event.person] = payload["note"]
    elif event.kind == EventKind.SHOWN:
        state.shown.setdefault((event.person, payload["run_id"]), event.at)
    elif event.kind == EventKind.DECISION:
        kind = DecisionKind(payload["kind"])
        if kind in AGAIN:
            state.round += 1
            state.decision, state.note, state.only_for = None, payload["note"], payload["to"] or None
            state.flags.clear()
        else:
            state.decision = {"event_id": event.event_id, "person": event.person, "at": event.at, "document": payload}


def disagreement(values: Sequence[dict[str, Any]]) -> float | None:
    """How far labels are apart, 0 to 1, None below two.

    On each axis it is the mean total variation of all pairs that both could tell, for the types the mean Jaccard distance of
    those who answered; of these four the largest.
    """
    if len(values) < 2:
        return None
    found = [0.0]
    for axis in AXIS_NAMES:
        shares = [v[axis]["per_mille"] for v in values if v[axis]["kind"] != "abstain"]
        apart = [sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2000 for p, q in combinations(shares, 2)]
        found += [sum(apart) / len(apart)] if apart else []
    types = [set(v["types"]) for v in values if v["types"] is not None]
    apart = [1 - len(a & b) / len(a | b) if a | b else 0.0 for a, b in combinations(types, 2)]
    found += [sum(apart) / len(apart)] if apart else []
    return round(max(found), 6)


def reduce_people(events: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Everybody by id, after the events."""
    dead = undone(events)
    people: dict[str, dict[str, Any]] = {}
    for event in events:
        if event.kind == EventKind.PERSON and event.event_id not in dead:
            people[event.payload["person_id"]] = dict(event.payload)
    return people


@dataclass(slots=True)
class ProjectState:
    """The state of a project: its row, its guidelines by version."""

    row: dict[str, Any] = field(default_factory=dict)
    guidelines: dict[int, dict[str, Any]] = field(default_factory=dict)


def reduce_project(events: Sequence[Any]) -> ProjectState:
    """The state of a project after its events (those of no item, and the decisions that carry a guideline)."""
    dead = undone(events)
    state = ProjectState()
    for event in events:
        payload, alive = event.payload, event.event_id not in dead
        if event.kind == EventKind.PROJECT:
            state.row = {**payload, "created_at": event.at, "guideline_version": 0, "closed": False}
        elif event.kind == EventKind.ITEMS:
            state.row |= {"n_items": payload["n_items"], "items_digest": payload["items_digest"]}
        elif event.kind == EventKind.SETTINGS and alive:
            state.row |= {"settings": payload["settings"], "closed": payload["closed"]}
        elif event.kind in (EventKind.GUIDELINE, EventKind.DECISION) and payload.get("guideline") is not None:
            version = len(state.guidelines) + 1
            state.guidelines[version] = {"text": payload["guideline"], "at": event.at, "author": event.person}
            if alive:
                state.row["guideline_version"] = version
    return state


def value_of(record: LabelRecord) -> LabelValue:
    """The answers of a label's row."""
    return LabelValue.from_dict(record.document["value"])
