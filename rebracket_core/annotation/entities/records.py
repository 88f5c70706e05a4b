"""The entities of annotation: labels, items, leases, projects, people, events. Frozen values, no database.

Times are ISO 8601 in UTC with milliseconds; shares are whole per-mille numbers, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from rebracket_core.annotation.entities.enums import AckStatus, DecisionKind, EventKind, Role, SuggestionPolicy
from rebracket_core.annotation.entities.label_schema import EVEN, WHOLE, AnswerKind, AxisLabel, LabelValue, text_digest
from rebracket_core.errors import InputError

__all__ = [
    "EVEN",
    "WHOLE",
    "Ack",
    "AckStatus",
    "AnswerKind",
    "AxisLabel",
    "Case",
    "ClaimResult",
    "Claimed",
    "Decision",
    "DecisionKind",
    "EmptyQueue",
    "Event",
    "EventKind",
    "Guideline",
    "Item",
    "Label",
    "LabelValue",
    "Lease",
    "NewItem",
    "NewProject",
    "Person",
    "Progress",
    "Project",
    "ProjectSettings",
    "Rating",
    "Resolved",
    "Role",
    "Snapshot",
    "Submission",
    "Suggestion",
    "SuggestionPolicy",
    "text_digest",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who labels: a stable id (an e-mail address or a name in small letters), the name shown, and the role."""

    person_id: str
    name: str
    role: Role
    active: bool = True


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """How a project asks for labels.

    `overlap` labels are wanted of each item; a lease lasts `lease_s` seconds; `order` names the query strategy of the queue;
    `blind_share` of the items never show a suggestion; `random_share` of them are the random control sample, which never
    shows one and alone gives unbiased figures;
    `repeat_share` come back later, unannounced, to whoever labelled them; `presets_version` says what the keys mean.
    """

    overlap: int = 1
    lease_s: int = 900
    order: str = "random"
    suggestions: SuggestionPolicy = SuggestionPolicy.NEVER
    blind_share: float = 0.2
    random_share: float = 0.2
    repeat_share: float = 0.0
    presets_version: int = 1

    def __post_init__(self) -> None:
        shares = (self.blind_share, self.random_share, self.repeat_share)
        if not 1 <= self.overlap <= 20 or not 5 <= self.lease_s <= 86_400 or any(not 0 <= s <= 1 for s in shares):
            raise InputError(
                "The project's settings are out of range.",
                expected="overlap 1 to 20, a lease of 5 to 86400 seconds, shares from 0 to 1",
                found=repr(self),
                hint="correct the setting",
            )

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values."""
        return {name: str(value) if isinstance(value, StrEnum) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ProjectSettings:
        """The settings that `to_dict` wrote."""
        return cls(**{**raw, "order": str(raw["order"]), "suggestions": SuggestionPolicy(raw["suggestions"])})


@dataclass(frozen=True, slots=True)
class Project:
    """A set of items that people label: made from one data set (its digest says which rows), with its guideline's version."""

    project_id: str
    name: str
    dataset: str
    dataset_digest: str
    settings: ProjectSettings
    guideline_version: int
    n_items: int
    created_at: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Guideline:
    """One version of a project's guideline (Markdown): who wrote it and when."""

    project_id: str
    version: int
    text: str
    at: str
    author: str


@dataclass(frozen=True, slots=True)
class NewItem:
    """A text to put into a project: its id (the row's), where it comes from, and the album its colour names ("" for none)."""

    item_id: str
    text: str
    title: str = ""
    group_id: str = ""
    album: str = ""


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project to make: its name, its texts, and the data set (with the digest of its rows) that they come from."""

    name: str
    items: Iterable[NewItem]
    dataset: str = ""
    dataset_digest: str = ""
    settings: ProjectSettings = field(default_factory=ProjectSettings)
    guideline: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A text of a project as it stands.

    `round` counts the times it was sent out; `why` says why it stands where it does in the queue; `blind` items never show
    a suggestion and `in_random_sample` ones are the control sample; `repeat_of` names the item that a hidden repeat repeats;
    `n_labels` are those of this round, `wanted` how many are asked for; `disagreement` is 0 to 1, None below two labels;
    `decision` is how it was adjudicated, or None; `note` is what the reviewer wrote when it was sent back.
    """

    project_id: str
    item_id: str
    text: str
    text_digest: str
    title: str = ""
    group_id: str = ""
    album: str = ""
    round: int = 1
    why: str = ""
    blind: bool = False
    in_random_sample: bool = False
    repeat_of: str = ""
    n_labels: int = 0
    wanted: int = 1
    disagreement: float | None = None
    flagged: bool = False
    decision: DecisionKind | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one person to label one item of a round until a moment (seconds since 1970)."""

    lease_id: str
    project_id: str
    item_id: str
    round: int
    annotator: str
    until_s: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a model's run says of an item: shares by axis (mode order), types it would mark, its album; when it was made."""

    item_id: str
    run_id: str
    axes: dict[str, tuple[float, ...]]
    types: tuple[str, ...] = ()
    album: str = ""
    album_probability: float | None = None
    made_at: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An item given out: its lease, why it was chosen, and the suggestion where the policy shows one before the label."""

    item: Item
    lease: Lease
    why: str
    suggestion: Suggestion | None = None


@dataclass(frozen=True, slots=True)
class EmptyQueue:
    """Why nothing is left for a person: counts, and `reason`, one sentence to show.

    `leased` are the items that others hold, by name; `yours` are those that the person labelled and others still may;
    `waiting_s` is when the first lease runs out, None where there is none.
    """

    reason: str
    total: int
    complete: int
    yours: int = 0
    skipped: int = 0
    leased: dict[str, int] = field(default_factory=dict)
    waiting_s: float | None = None


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What a person may label now, best first; `empty` says why where there is less than was asked for."""

    items: tuple[Claimed, ...]
    empty: EmptyQueue | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A label on its way in. `label_id` is a UUID made by the client: sent twice, it is saved once.

    `shown_at` is when the client showed the suggestion ("" for not); `active_s` the seconds that the person spent.
    """

    label_id: str
    item_id: str
    round: int
    text_digest: str
    value: LabelValue
    client_time: str
    lease_id: str = ""
    guideline_version: int = 0
    active_s: float = 0.0
    shown_at: str = ""


@dataclass(frozen=True, slots=True)
class Ack:
    """The result of one submission, by its `label_id`; `reason` says why it was refused."""

    label_id: str
    status: AckStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A label as it stands: one for each item, annotator and round. `label_id` names the event that made it.

    `shown_run` and `shown_at` say which run's suggestion was seen before it, and when ("" for none); `source` is "" for
    labels given here and names the file for imported ones; `revision` counts from 1.
    """

    label_id: str
    project_id: str
    item_id: str
    text_digest: str
    annotator: str
    round: int
    value: LabelValue
    client_time: str
    server_time: str
    guideline_version: int
    shown_run: str = ""
    shown_at: str = ""
    active_s: float = 0.0
    source: str = ""
    revision: int = 1

    def to_dict(self) -> dict[str, Any]:
        """The label as plain values."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "value"}
        return {**plain, "value": self.value.to_dict()}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, never changed after: its place in the order, who did it, and whether it was undone since."""

    seq: int
    event_id: str
    at: str
    kind: EventKind
    person: str
    project_id: str = ""
    item_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """How a reviewer settled an item: `value` for gold; `note` for the annotators; `to` names one annotator to ask again."""

    kind: DecisionKind
    value: LabelValue | None = None
    note: str = ""
    to: str = ""
    guideline: str = ""


@dataclass(frozen=True, slots=True)
class Rating:
    """One person's label as a reviewer sees it: `name` is a letter unless names were asked for."""

    name: str
    value: LabelValue
    label_id: str
    server_time: str
    active_s: float


@dataclass(frozen=True, slots=True)
class Case:
    """An item to adjudicate: its ratings of this round, how far they are apart (0 to 1), and why it is here."""

    item: Item
    ratings: tuple[Rating, ...]
    disagreement: float
    why: str
    suggestion: Suggestion | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a project is: items complete, labels by person and by day, leases out, what waits for a reviewer."""

    project_id: str
    n_items: int
    n_complete: int
    n_labels: int
    n_wanted: int
    n_leased: int
    n_skipped: int
    n_flagged: int
    n_to_adjudicate: int
    n_decided: int
    n_dropped: int
    labels_by_person: dict[str, int] = field(default_factory=dict)
    labels_by_day: dict[str, int] = field(default_factory=dict)
    median_active_s: float | None = None
    on_old_guideline: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The labels of a project at one moment, named by their content: the same labels give the same id."""

    snapshot_id: str
    project_id: str
    at: str
    seq: int
    n_labels: int
    n_items: int


@dataclass(frozen=True, slots=True)
class Resolved:
    """What people say of one text, all ratings together: shares by axis (None: nobody could tell), types, and the weight.

    `weight` is the mean confidence, 0 to 1; `source` is "gold", "kept" or "votes" (the ratings); `n_labels` how many there are.
    """

    item_id: str
    text: str
    text_digest: str
    axes: dict[str, tuple[float, ...] | None]
    types: tuple[str, ...] | None
    weight: float
    source: str
    n_labels: int
    in_random_sample: bool = False
