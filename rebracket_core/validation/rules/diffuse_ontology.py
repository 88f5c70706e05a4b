"""The rule that refuses texts whose axes say too little."""

from __future__ import annotations

from collections.abc import Sequence

from rebracket_core.validation.evidence import Evidence
from rebracket_core.validation.rules.advice import towards_clear_axes
from rebracket_core.validation.rules.base import Decision, Rule, Suggestion
from rebracket_core.validation.states import State
from rebracket_core.validation.wording import number


class DiffuseOntology(Rule):
    """Reject a text with two or more diffuse axes where its album has modes."""

    code = "diffuse_ontology"
    label = "Diffuse axes"
    reason = "diffuse_ontology"
    when = "two or more axes on which the first album has a mode are diffuse (their scores lie within {diffuse})"
    meaning = "Two or more axes on which the album has a mode lean to none: the text does not say enough."

    def decide(self, evidence: Evidence) -> Decision | None:
        """The rejection, naming the axes."""
        modes = evidence.album.modes
        lost = [state.axis for state in evidence.states if state.state is State.DIFFUSE and modes[state.axis]]
        if len(lost) < 2:
            return None
        names = " and ".join(", ".join(lost).rsplit(", ", 1))
        return self.decided(
            f"Rejected: {names} are diffuse (scores within {number(evidence.thresholds.diffuse)}), and "
            f"{evidence.albums.album} has modes there"
        )

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """The axes first: they decided."""
        return towards_clear_axes(evidence)
