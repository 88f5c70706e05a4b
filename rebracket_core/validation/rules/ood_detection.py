"""The rule that refuses texts unlike those that the run was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from rebracket_core.validation.evidence import Evidence, below
from rebracket_core.validation.rules.base import Decision, Rule, Suggestion
from rebracket_core.validation.wording import number


class OodDetection(Rule):
    """Reject what is out of distribution: what the run learnt of probabilities does not hold there."""

    code = "ood_detection"
    label = "Unlike the training texts"
    reason = "ood_detection"
    when = (
        "the text is unlike the training texts (its p-value is below {ood_p}), or it comes from a kind of source that the run "
        "was not trained on"
    )
    meaning = "The text is unlike the texts that the model was trained on; what it says of such a text cannot be trusted."

    def decide(self, evidence: Evidence) -> Decision | None:
        """The rejection, with each of the two signs that is there."""
        parts = []
        if evidence.from_unknown_source:
            parts.append("the text comes from a kind of source that the run was not trained on")
        if _is_unlike(evidence):
            limit = evidence.thresholds.ood_p
            p = number(evidence.ood_p or 0.0, beside=limit)
            parts.append(f"the text is unlike the training texts: its p-value is {p}, below {number(limit)}")
        return self.decided("Rejected: " + " and ".join(parts)) if parts else None

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """Another run, another text, or labels of such texts."""
        found = []
        if evidence.from_unknown_source:
            found.append(
                "The run never met this kind of source, so its probabilities do not hold here: use a run that was trained on "
                "such texts, or train one."
            )
        if _is_unlike(evidence):
            limit, p = evidence.thresholds.ood_p, evidence.ood_p or 0.0
            found += [
                f"The text is unlike what the model was trained on: about {max(1, round(p * 1000))} in 1000 texts of its "
                f"sources look as unlike (p-value {number(p, beside=limit)}, at least {number(limit)} is needed).",
                "If it is no concept (a list, code, a message), write in plain prose what the song would be about.",
                "If it is a concept, label some texts of its kind and train again: its scores mean little now.",
            ]
        return [Suggestion(text) for text in found]


def _is_unlike(evidence: Evidence) -> bool:
    return evidence.ood_p is not None and below(evidence.ood_p, evidence.thresholds.ood_p)
