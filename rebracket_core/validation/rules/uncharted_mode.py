"""The rule on three clear modes that belong to no album together."""

from __future__ import annotations

from collections.abc import Sequence

from rebracket_core.rainbow import ALBUM_NAMES, album_of_triple
from rebracket_core.validation.evidence import Evidence
from rebracket_core.validation.flags import UNCHARTED
from rebracket_core.validation.rules.advice import axes_advice, confidence_advice, probability_advice
from rebracket_core.validation.rules.base import Decision, Rule, Suggestion
from rebracket_core.validation.states import AxisState, State
from rebracket_core.validation.wording import number
from rebracket_core.verdict_kinds import VerdictKind


class UnchartedMode(Rule):
    """Reject an uncharted triple, or accept it as such where the settings say so; it is never forced onto an album."""

    code = "uncharted_mode"
    label = "Uncharted"
    reason = "uncharted_mode"
    when = (
        "three axes are dominant (each has a mode of at least {dominant}) and their triple belongs to no album; accepted as "
        "uncharted where the switch {accept_uncharted} is on"
    )
    meaning = "Each axis is clear, but no album has these three modes together. It is uncharted, not wrong."

    def decide(self, evidence: Evidence) -> Decision | None:
        """The rejection, or under `accept_uncharted` the acceptance, both flagged."""
        if not is_uncharted(evidence.states):
            return None
        tops = ", ".join(f"{state.argmax_mode} {number(state.top)}" for state in evidence.states)
        what = (
            f"all three axes are dominant ({tops}; {number(evidence.thresholds.dominant)} is needed) and their triple, "
            f"{evidence.mode}, belongs to no album"
        )
        if evidence.thresholds.accept_uncharted:
            text = f"Accepted as uncharted: {what}; the settings accept such triples"
            return self.decided(text, verdict=VerdictKind.ACCEPT, flags=(UNCHARTED,))
        return self.decided(f"Rejected: {what}", flags=(UNCHARTED,))

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """The way to the first album, the nearest album, and the setting that keeps such texts."""
        if evidence.thresholds.accept_uncharted:
            return ()
        near = min(range(len(ALBUM_NAMES)), key=lambda i: evidence.distances[i])
        triple = ", ".join(state.label for state in evidence.states)
        return [
            *axes_advice(evidence),
            Suggestion(f"No album has {triple}; the nearest is {ALBUM_NAMES[near]}, {number(evidence.distances[near])} away."),
            Suggestion("To keep such texts, turn on the setting that accepts uncharted triples (accept_uncharted)."),
            *probability_advice(evidence),
            *confidence_advice(evidence),
        ]


def is_uncharted(states: Sequence[AxisState]) -> bool:
    """Whether three dominant axes stand on a triple that belongs to no album."""
    if any(state.state is not State.DOMINANT for state in states):
        return False
    return album_of_triple(state.argmax_mode for state in states) is None
