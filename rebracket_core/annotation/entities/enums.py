"""The enums of annotation. Their values stand in the database and never change."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do: an annotator labels, a reviewer also adjudicates, an admin also changes projects and roles."""

    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class SuggestionPolicy(StrEnum):
    """When the model's answer is shown: never, after one's own label is committed, or before it."""

    NEVER = "never"
    AFTER = "after"
    BEFORE = "before"


class DecisionKind(StrEnum):
    """How an adjudication ends: one answer, the ratings as a distribution, another round, a clearer guideline, or no item."""

    GOLD = "gold"
    KEEP = "keep"
    SEND_BACK = "send_back"
    FIX_GUIDELINE = "fix_guideline"
    DROP = "drop"


class AckStatus(StrEnum):
    """What became of a submission. All but "refused" are in the database; "refused" must not be sent again as it is."""

    SAVED = "saved"
    REVISED = "revised"
    ALREADY = "already"
    REFUSED = "refused"


class EventKind(StrEnum):
    """What an event says happened."""

    PERSON = "person"
    PROJECT = "project"
    ITEMS = "items"
    SETTINGS = "settings"
    GUIDELINE = "guideline"
    LABEL = "label"
    SKIP = "skip"
    FLAG = "flag"
    SHOWN = "shown"
    DECISION = "decision"
    SNAPSHOT = "snapshot"
    UNDO = "undo"
