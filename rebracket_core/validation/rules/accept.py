"""The rule that accepts a concept for its album."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rebracket_core.validation.evidence import Evidence, below
from rebracket_core.validation.flags import AXES_CONTRADICT
from rebracket_core.validation.rules.accept_black import BLACK
from rebracket_core.validation.rules.base import Decision, Rule
from rebracket_core.validation.states import fits
from rebracket_core.validation.wording import axes_words, number
from rebracket_core.verdict_kinds import VerdictKind


@dataclass(frozen=True, slots=True)
class AxisCondition:
    """One value of the switch `accept_axes`: whether the axes let ACCEPT pass, and the same in words."""

    holds: Callable[[Evidence], bool]
    words: str


AXIS_CONDITIONS: Mapping[str, AxisCondition] = MappingProxyType(
    {
        "contradicts": AxisCondition(lambda e: not e.contradicting, "no axis contradicts it"),
        "agree": AxisCondition(
            lambda e: all(fits(state, e.album.modes[state.axis]) for state in e.states), "every axis agrees with it"
        ),
        "flag": AxisCondition(lambda _: True, "the axes do not matter"),
    }
)


class Accept(Rule):
    """Accept a concept whose album is probable, with the axes not against it; the axis condition is a setting."""

    code = "accept"
    label = "Accepted"
    verdict = VerdictKind.ACCEPT
    when = (
        "the first album is not Black, its probability is at least {accept}, the axes let it pass as the "
        "setting {accept_axes} says (contradicts: no axis is dominant, from {dominant} on, on a mode that the album lacks), "
        "and the chromatic confidence is at least {confidence} (for White, which has no modes, below {black_confidence})"
    )
    meaning = "The album is clear, no axis speaks against it, and the text is album-like enough."

    def decide(self, evidence: Evidence) -> Decision | None:
        """The acceptance; under accept_axes=flag a contradicting axis is flagged."""
        limits = evidence.thresholds
        if evidence.albums.album == BLACK or not evidence.reaches(limits.accept) or not _confidence_fits(evidence):
            return None
        axes = AXIS_CONDITIONS[limits.accept_axes]
        if not axes.holds(evidence):
            return None
        needed = (
            f"at least {number(limits.confidence)}" if evidence.album.has_modes else f"below {number(limits.black_confidence)}"
        )
        return self.decided(
            f"Accepted: {evidence.albums.album} has a probability of {number(evidence.probability)} (at least "
            f"{number(limits.accept)} is needed), {axes.words} ({axes_words(evidence.states)}) and the chromatic confidence is "
            f"{number(evidence.confidence)} ({needed} is needed)",
            flags=(AXES_CONTRADICT,) if evidence.contradicting else (),
        )


def _confidence_fits(evidence: Evidence) -> bool:
    """Whether the chromatic confidence is high enough, or for an album without modes low enough."""
    if evidence.album.has_modes:
        return not below(evidence.confidence, evidence.thresholds.confidence)
    return below(evidence.confidence, evidence.thresholds.black_confidence)
