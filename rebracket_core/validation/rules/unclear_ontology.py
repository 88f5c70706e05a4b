"""The rule for everything that no other rule decides."""

from __future__ import annotations

from collections.abc import Sequence

from rebracket_core.validation.evidence import Evidence
from rebracket_core.validation.rules.advice import towards_accept
from rebracket_core.validation.rules.base import Decision, Rule, Suggestion
from rebracket_core.validation.wording import axes_words, number


class UnclearOntology(Rule):
    """Reject everything else; it always decides, so it stands last."""

    code = "unclear_ontology"
    label = "Unclear"
    reason = "unclear_ontology"
    when = "none of the rules above decides"
    meaning = "No album is clear enough, or an axis speaks against the album."

    def decide(self, evidence: Evidence) -> Decision:
        """The rejection, with all numbers that the other rules looked at."""
        return self.decided(
            f"Rejected: no rule accepts it. {evidence.albums.album} has a probability of {number(evidence.probability)}, the "
            f"chromatic confidence is {number(evidence.confidence)}, {axes_words(evidence.states)}"
        )

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """What stands between the text and ACCEPT."""
        return towards_accept(evidence)
