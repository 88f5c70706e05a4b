"""The rule that refuses texts on which the model cannot decide."""

from __future__ import annotations

from collections.abc import Sequence

from rebracket_core.validation.evidence import Evidence, below
from rebracket_core.validation.rules.base import Decision, Rule, Suggestion
from rebracket_core.validation.wording import number


class HighUncertainty(Rule):
    """Reject what is ambiguous, which is not the same as unlike the training texts."""

    code = "high_uncertainty"
    label = "The model cannot decide"
    reason = "high_uncertainty"
    when = "the uncertainty is above {uncertainty}"
    meaning = "The text is ambiguous: the model cannot decide between albums, so its first answer means little."

    def decide(self, evidence: Evidence) -> Decision | None:
        """The rejection where the total uncertainty is above its limit."""
        limit, have = evidence.thresholds.uncertainty, evidence.total_uncertainty
        if not below(limit, have):
            return None
        return self.decided(f"Rejected: the uncertainty is {number(have, beside=limit)}, above {number(limit)}")

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """What a text should make plainer."""
        limit, have = evidence.thresholds.uncertainty, evidence.total_uncertainty
        return [
            Suggestion(
                f"The model cannot decide (uncertainty {number(have, beside=limit)}, allowed up to {number(limit)}): make "
                "plainer when it is, what it is about and whether it is real."
            )
        ]
