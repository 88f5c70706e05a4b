"""The rule that accepts a concept between two modes."""

from __future__ import annotations

from collections.abc import Sequence

from rebracket_core.validation.evidence import Evidence
from rebracket_core.validation.rules.advice import towards_clear_axes
from rebracket_core.validation.rules.base import Decision, Rule, Suggestion
from rebracket_core.validation.states import State, agrees
from rebracket_core.validation.wording import axes_words, number
from rebracket_core.verdict_kinds import VerdictKind


class AcceptHybrid(Rule):
    """Accept a concept as a hybrid: one or two axes hover between two modes, one of them the album's."""

    code = "accept_hybrid"
    label = "Accepted as a hybrid"
    verdict = VerdictKind.ACCEPT_HYBRID
    when = (
        "the first album's probability is at least {accept_hybrid}, one or two axes are hybrid (their first two modes within "
        "{hybrid}) with a mode of the album among the two, and the other axes agree with it"
    )
    meaning = "One or two axes lie between two modes, one of them the album's own; the other axes agree."

    def decide(self, evidence: Evidence) -> Decision | None:
        """The acceptance as a hybrid."""
        limit, modes = evidence.thresholds.accept_hybrid, evidence.album.modes
        if not evidence.reaches(limit):
            return None
        hybrids = [state for state in evidence.states if state.state is State.HYBRID]
        others = [state for state in evidence.states if state.state is not State.HYBRID]
        if not 1 <= len(hybrids) <= 2 or not all(modes[state.axis] & set(state.modes) for state in hybrids):
            return None
        if not all(agrees(state, modes[state.axis]) for state in others):
            return None
        return self.decided(
            f"Accepted as a hybrid of {evidence.albums.album}, whose probability is {number(evidence.probability)} (at least "
            f"{number(limit)} is needed): {axes_words(hybrids)} (up to {number(evidence.thresholds.hybrid)} makes a hybrid), "
            "and the other axes agree"
        )

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """What would make it a plain ACCEPT."""
        return towards_clear_axes(evidence)
