"""The rule that accepts Black."""

from __future__ import annotations

from rebracket_core.validation.evidence import Evidence, below
from rebracket_core.validation.rules.base import Decision, Rule
from rebracket_core.validation.wording import number
from rebracket_core.verdict_kinds import VerdictKind

BLACK = "Black"


class AcceptBlack(Rule):
    """Accept Black, the album without modes, where the text is not album-like."""

    code = "accept_black"
    label = "Accepted as Black"
    verdict = VerdictKind.ACCEPT_BLACK
    when = (
        "the first album is Black, its probability is at least {accept}, and the chromatic confidence is below "
        "{black_confidence}"
    )
    meaning = "The text leans to no mode on any axis: that is what Black is."

    def decide(self, evidence: Evidence) -> Decision | None:
        """The acceptance as Black."""
        limits, have = evidence.thresholds, evidence.confidence
        if evidence.albums.album != BLACK or not evidence.reaches(limits.accept) or not below(have, limits.black_confidence):
            return None
        return self.decided(
            f"Accepted as Black: Black has a probability of {number(evidence.probability)} (at least "
            f"{number(limits.accept)} is needed) and the chromatic confidence is "
            f"{number(have, beside=limits.black_confidence)}, below {number(limits.black_confidence)}"
        )
