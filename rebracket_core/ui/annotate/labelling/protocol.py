"""The protocol of the labelling client in the browser: its entries are saved, and the next concepts are handed out.

The server keeps no state: a request says what the client holds and what was decided, the reply what became of it. Sent again,
the same entries change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebracket_core.annotation import (
    AckStatus,
    AxisLabel,
    Claimed,
    EventKind,
    Item,
    LabelSession,
    Person,
    Project,
    Suggestion,
    SuggestionPolicy,
    axis_presets,
    flag_item,
    get_item,
    get_progress,
    list_events,
    list_labels,
    skip_item,
    submit_labels,
    undo_event,
)
from rebracket_core.annotation.queue import claim_items, keep_items, show_suggestion
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXES, AXIS_NAMES, TYPE_NAMES
from rebracket_core.ui.annotate.labelling.outbox import Entry, read_entries, read_holding, runs_of, unreadable

CONFIDENCE = (("a guess", 300), ("fairly sure", 650), ("sure", 1000))
"""The words for how sure a person is, and what each says per mille."""
RESERVED = 10
"""Concepts reserved at a time, the one in front included: enough that nobody waits, few enough to finish within a lease."""
RECENT = 5
COUNTED = 20_000
"""Items up to which everything is counted anew at each answer; above, once for each page, and the browser counts on."""


@dataclass(frozen=True, slots=True)
class ClientSession:
    """One person's labelling client: the labels, the project, the person, and how many concepts are reserved at a time.

    `guideline_shown` is the version of the guideline that stands on the page, which its labels name; 0 for the present one.
    """

    session: LabelSession
    project: Project
    person: Person
    reserved: int = RESERVED
    guideline_shown: int = 0

    def reply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a request: what was saved and refused, which leases were lost, what comes next, and why."""
        entries, bad = read_entries(request.get("entries"))
        done = [_ack(entry_id, AckStatus.REFUSED, "It cannot be read.") for entry_id in bad] + self.write(entries)
        holding = read_holding(request.get("holding"))
        kept = keep_items(self.session, self._id, holding=holding, by=self._by) if holding else {}
        reply = {
            **self.fixed(),
            "done": done,
            "leases": kept,
            "lost": [lease for item_id, lease in holding.items() if item_id not in kept],
            **self.more(holding),
            "last": self.comparison(entries, done),
            "client": request.get("client", ""),
            "recent": self.recent() if not request or request.get("fresh") is True else [],
        }
        with_counts = not request or self.project.n_items <= COUNTED
        return {**reply, "progress": self.progress()} if with_counts else reply

    def more(self, holding: Mapping[str, str]) -> dict[str, Any]:
        """The next concepts, as many as the client has room for, and why there are fewer where there are."""
        room = self.reserved - len(holding)
        if room <= 0:
            return {"items": [], "empty": ""}
        claimed = claim_items(self.session, self._id, n=room, by=self._by, holding=list(holding))
        reason = claimed.empty.reason if claimed.empty else ""
        return {"items": [item_for_browser(one) for one in claimed.items], "empty": reason}

    def fixed(self) -> dict[str, Any]:
        """What does not change while a project is worked on: names, keys' meanings, the guideline's version."""
        return {
            "person": self._by,
            "project": self._id,
            "axes": [{"name": axis.name, "modes": list(axis.modes)} for axis in AXES],
            "types": list(TYPE_NAMES),
            "presets": [
                {"name": p.name, "shares": list(p.shares), "words": p.words}
                for p in axis_presets(self.project.settings.presets_version)
            ],
            "confidence": [list(level) for level in CONFIDENCE],
            "policy": str(self.project.settings.suggestions),
            "lease_s": self.project.settings.lease_s,
            "guideline_version": self.guideline_version,
            "guideline_now": self.project.guideline_version,
            "closed": self.project.closed,
        }

    def write(self, entries: Sequence[Entry]) -> list[dict[str, str]]:
        """One ack an entry: labels by the transaction, the others one by one. A StoreError leaves all after it unsaid."""
        acks: list[dict[str, str]] = []
        for run in runs_of(entries):
            acks += self._labels(run) if run[0].kind == "label" else [self._other(run[0])]
        return acks

    def _labels(self, run: Sequence[Entry]) -> list[dict[str, str]]:
        wrong = {entry.entry_id: error for entry in run if (error := unreadable(entry))}
        good = [entry.submission() for entry in run if entry.entry_id not in wrong]
        acks = submit_labels(self.session, self._id, submissions=good, by=self._by) if good else []
        refused = [_ack(entry_id, AckStatus.REFUSED, str(error)) for entry_id, error in wrong.items()]
        return refused + [_ack(ack.label_id, ack.status, ack.reason) for ack in acks]

    def _other(self, entry: Entry) -> dict[str, str]:
        try:
            if entry.kind == "skip":
                reason, item_id = entry.text("reason"), entry.text("item_id")
                skip_item(self.session, self._id, item_id=item_id, by=self._by, reason=reason, event_id=entry.entry_id)
            elif entry.kind == "flag":
                note, item_id = entry.text("note"), entry.text("item_id")
                flag_item(self.session, self._id, item_id=item_id, by=self._by, note=note, event_id=entry.entry_id)
            else:
                undo_event(self.session, entry.text("target"), by=self._by, undo_id=entry.entry_id)
        except InputError as error:
            return _ack(entry.entry_id, AckStatus.REFUSED, str(error))
        return _ack(entry.entry_id, AckStatus.SAVED)

    def progress(self) -> dict[str, int]:
        """Concepts that are done, of how many, and the labels of this person."""
        found = get_progress(self.session, self._id)
        return {"done": found.n_complete, "total": found.n_items, "mine": found.labels_by_person.get(self._by, 0)}

    def comparison(self, entries: Sequence[Entry], done: Sequence[Mapping[str, str]]) -> dict[str, Any] | None:
        """The last label beside what the model says, where the project shows that afterwards; else None."""
        if self.project.settings.suggestions is not SuggestionPolicy.AFTER:
            return None
        saved = {ack["id"] for ack in done if ack["status"] in (AckStatus.SAVED, AckStatus.REVISED, AckStatus.ALREADY)}
        last = next((entry for entry in reversed(entries) if entry.kind == "label" and entry.entry_id in saved), None)
        found = show_suggestion(self.session, self._id, item_id=last.text("item_id"), by=self._by) if last else None
        if last is None or found is None:
            return None
        mine = last.submission().value.axes
        return {
            "id": last.entry_id,
            "about": last.text("about"),
            "mine": [list(mine[axis].per_mille) if mine[axis].shares else None for axis in AXIS_NAMES],
            "model": suggestion_for_browser(found)["axes"],
        }

    def recent(self) -> list[dict[str, Any]]:
        """The last labels and skips of this person that stand, newest first: what a page loaded anew can still undo."""
        found: list[dict[str, Any]] = []
        for event in list_events(self.session, self._id, person=self._by, limit=RECENT * 4):
            if event.undone or event.kind not in (EventKind.LABEL, EventKind.SKIP) or len(found) == RECENT:
                continue
            item = get_item(self.session, self._id, item_id=event.item_id)
            mine = list_labels(self.session, self._id, item_id=item.item_id, annotator=self._by)
            value = next((label.value.to_dict() for label in mine if label.label_id == event.event_id), None)
            if event.kind is EventKind.SKIP or value is not None:
                found.append({"id": event.event_id, "item": _item(item), "value": value})
        return found

    @property
    def guideline_version(self) -> int:
        """The version of the guideline that the person has before them."""
        return self.guideline_shown or self.project.guideline_version

    @property
    def _id(self) -> str:
        return self.project.project_id

    @property
    def _by(self) -> str:
        return self.person.person_id


def _ack(entry_id: str, status: AckStatus, reason: str = "") -> dict[str, str]:
    return {"id": entry_id, "status": str(status), "reason": reason}


def _item(item: Item) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "round": item.round,
        "text": item.text,
        "title": item.title,
        "text_digest": item.text_digest,
        "note": item.note,
        "lease_id": "",
        "why": item.why,
        "suggestion": None,
    }


def item_for_browser(claimed: Claimed) -> dict[str, Any]:
    """A concept as the client takes it: its text, its lease, why it was chosen, and a suggestion where one may be shown."""
    shown = suggestion_for_browser(claimed.suggestion) if claimed.suggestion else None
    return {**_item(claimed.item), "lease_id": claimed.lease.lease_id, "why": claimed.why, "suggestion": shown}


def suggestion_for_browser(suggestion: Suggestion) -> dict[str, Any]:
    """What the model says, in whole per mille by axis."""
    axes = [list(AxisLabel.from_shares(suggestion.axes[axis]).per_mille) for axis in AXIS_NAMES]
    return {"axes": axes, "types": list(suggestion.types), "album": suggestion.album}
