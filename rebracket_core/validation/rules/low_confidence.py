"""The rule that refuses texts that are hardly album-like."""

from __future__ import annotations

from collections.abc import Sequence

from rebracket_core.validation.evidence import Evidence, below
from rebracket_core.validation.rules.advice import axes_advice, confidence_advice, probability_advice, towards_accept
from rebracket_core.validation.rules.base import Decision, Rule, Suggestion
from rebracket_core.validation.wording import number


class LowConfidence(Rule):
    """Reject a text with a low chromatic confidence."""

    code = "low_confidence"
    label = "Hardly album-like"
    reason = "low_confidence"
    when = "the chromatic confidence is below {low_confidence}"
    meaning = "The text is not album-like enough to be placed."

    def decide(self, evidence: Evidence) -> Decision | None:
        """The rejection with the number."""
        limit, have = evidence.thresholds.low_confidence, evidence.confidence
        if not below(have, limit):
            return None
        return self.decided(f"Rejected: the chromatic confidence is {number(have, beside=limit)}, below {number(limit)}")

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """The confidence first, where it can be raised at all."""
        if not evidence.album.has_modes:
            return towards_accept(evidence)
        return [*confidence_advice(evidence), *axes_advice(evidence), *probability_advice(evidence)]
