"""The verdict rules in their order: the first that holds decides (DOMAIN 4)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from rebracket_core.errors import ConfigError, InputError
from rebracket_core.registry import Registry
from rebracket_core.validation.evidence import Evidence
from rebracket_core.validation.rules.accept import Accept
from rebracket_core.validation.rules.accept_black import AcceptBlack
from rebracket_core.validation.rules.accept_hybrid import AcceptHybrid
from rebracket_core.validation.rules.advice import MAX_SUGGESTIONS
from rebracket_core.validation.rules.base import Decision, Rule, Suggestion
from rebracket_core.validation.rules.diffuse_ontology import DiffuseOntology
from rebracket_core.validation.rules.high_uncertainty import HighUncertainty
from rebracket_core.validation.rules.low_confidence import LowConfidence
from rebracket_core.validation.rules.ood_detection import OodDetection
from rebracket_core.validation.rules.uncharted_mode import UnchartedMode
from rebracket_core.validation.rules.unclear_ontology import UnclearOntology

__all__ = [
    "MAX_SUGGESTIONS",
    "RULES",
    "Decision",
    "Rule",
    "Suggestion",
    "decide",
    "is_out_of_distribution",
    "rule_behind",
    "rules_digest",
    "rules_reading",
]

RULES: Registry[Rule] = Registry("verdict rule", Rule, group="rebracket.rules")
"""The rules, in the order in which they are tried; the position is the rule's number."""

for _rule in (
    OodDetection,
    HighUncertainty,
    AcceptBlack,
    UnchartedMode,
    Accept,
    AcceptHybrid,
    DiffuseOntology,
    LowConfidence,
    UnclearOntology,
):
    RULES.register(_rule)


def decide(evidence: Evidence) -> tuple[Decision, tuple[Suggestion, ...]]:
    """The decision of the first rule that holds, and what that rule suggests (at most `MAX_SUGGESTIONS`).

    Raises ConfigError where no rule decides, which takes a list without `unclear_ontology`.
    """
    for rule in RULES:
        decision = rule.decide(evidence)
        if decision is not None:
            return decision, tuple(rule.advise(evidence))[:MAX_SUGGESTIONS]
    raise ConfigError(
        "No verdict rule decides on this text.",
        expected="a last rule that always decides",
        found=", ".join(RULES.names) or "no rules",
        hint="register the rule unclear_ontology",
    )


def rule_behind(verdict: Mapping[str, Any]) -> Rule | None:
    """The rule that decided a verdict as it stands in a file or row, None for one that is not registered here.

    A verdict of an earlier version does not name its rule: it is then the first with the same verdict and reason.
    """
    if code := verdict.get("rule"):
        try:
            return RULES.get(str(code))
        except InputError:
            return None
    kind, reason = str(verdict.get("verdict")), str(verdict.get("reason") or "")
    return next((rule for rule in RULES if rule.reason == reason and (reason or rule.verdict == kind)), None)


def rules_reading(threshold: str) -> tuple[Rule, ...]:
    """The rules that read a threshold, in their order."""
    return tuple(rule for rule in RULES if threshold in rule.thresholds)


def is_out_of_distribution(verdict: Mapping[str, Any]) -> bool:
    """Whether a verdict as it stands in a file or row refuses its text as unlike the training texts."""
    return verdict.get("reason") == OodDetection.reason


def rules_digest() -> str:
    """12 hex digits that change with the rules: their order, conditions, verdicts and reasons."""
    parts = [f"{rule.code}|{rule.verdict}|{rule.reason}|{rule.when}" for rule in RULES]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
