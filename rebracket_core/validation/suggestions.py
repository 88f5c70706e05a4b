"""What would change a verdict, in plain sentences with numbers (DOMAIN 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, album_named
from rebracket_core.settings import Thresholds
from rebracket_core.validation.gate import Decision, Reason, VerdictKind, confidence_fits, number
from rebracket_core.validation.states import EPSILON, AxisState
from rebracket_core.validation.transmigration import Edit, axis_edits, distances

MAX_SUGGESTIONS = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One sentence on what to change.

    Where it is about an axis, `axis` names it and `targets` maps modes to scores: reached, they make the axis meet the
    gate's condition for ACCEPT.
    """

    text: str
    axis: str = ""
    targets: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class _Case:
    scores: Sequence[Sequence[float]]
    states: Sequence[AxisState]
    album: str
    probabilities: Sequence[float]
    confidence: float
    uncertainty: float
    ood_p: float | None
    limits: Thresholds
    nearest: Mapping[str, float] | None
    unknown_source: bool

    @property
    def probability(self) -> float:
        return self.probabilities[ALBUM_NAMES.index(self.album)]


def suggest(
    decision: Decision,
    *,
    scores: Sequence[Sequence[float]],
    states: Sequence[AxisState],
    album: str,
    probabilities: Sequence[float],
    confidence: float,
    uncertainty: float,
    ood_p: float | None,
    thresholds: Thresholds,
    album_distances: Mapping[str, float] | None = None,
    unknown_source: bool = False,
) -> tuple[Suggestion, ...]:
    """At most five suggestions, the most effective first; none for ACCEPT and ACCEPT_BLACK.

    `scores` is (3, 3) and `probabilities` (9,) in the table's order; `album` is the first album. `album_distances`
    spares computing the distances again. The score targets are tried on the gate's own axis condition.
    """
    if decision.verdict in (VerdictKind.ACCEPT, VerdictKind.ACCEPT_BLACK):
        return ()
    case = _Case(
        scores=scores,
        states=states,
        album=album,
        probabilities=probabilities,
        confidence=confidence,
        uncertainty=uncertainty,
        ood_p=ood_p,
        limits=thresholds,
        nearest=album_distances,
        unknown_source=unknown_source,
    )
    if decision.reason is Reason.OOD_DETECTION:
        return _strange(case)[:MAX_SUGGESTIONS]
    axes, probability, trust = _axes(case), _probability(case), _confidence(case)
    if decision.reason is Reason.UNCHARTED_MODE:
        found = [*axes, *_uncharted(case), *probability, *trust]
    elif not album_named(album).has_modes:
        found = [*probability, *trust, *axes]
    elif decision.reason is Reason.LOW_CONFIDENCE:
        found = [*trust, *axes, *probability]
    else:
        found = [*axes, *probability, *trust]
    return tuple(found[:MAX_SUGGESTIONS])


def _strange(case: _Case) -> tuple[Suggestion, ...]:
    found, limits = [], case.limits
    if case.unknown_source:
        found.append(
            Suggestion(
                "The run never met this kind of source, so its probabilities do not hold here: use a run that was trained on "
                "such texts, or train one."
            )
        )
    if case.ood_p is not None and case.ood_p < limits.ood_p - EPSILON:
        per_thousand, p = max(1, round(case.ood_p * 1000)), number(case.ood_p, beside=limits.ood_p)
        found.append(
            Suggestion(
                f"The text is unlike what the model was trained on: about {per_thousand} in 1000 texts of its sources "
                f"look as strange (p-value {p}, at least {number(limits.ood_p)} is asked)."
            )
        )
        found.append(
            Suggestion("If it is no concept (a list, code, a message), write in plain prose what the song would be about.")
        )
        found.append(
            Suggestion("If it is a concept, label some texts of its kind and train again: its scores mean little now.")
        )
    if case.uncertainty > limits.uncertainty + EPSILON:
        u = number(case.uncertainty, beside=limits.uncertainty)
        found.append(
            Suggestion(
                f"The model cannot decide (uncertainty {u}, allowed up to "
                f"{number(limits.uncertainty)}): make plainer when it is, what it is about and whether it is real."
            )
        )
    return tuple(found)


def _axes(case: _Case) -> list[Suggestion]:
    edits = axis_edits(case.scores, case.album, thresholds=case.limits, states=case.states)
    return [Suggestion(_axis_sentence(case, edit), edit.axis, edit.targets) for edit in edits]


def _axis_sentence(case: _Case, edit: Edit) -> str:
    state = case.states[AXIS_NAMES.index(edit.axis)]
    modes = [mode for mode in MODES[edit.axis] if mode in album_named(case.album).modes[edit.axis]]
    if not modes:
        lead = " and ".join(state.modes)
        return f"{edit.text}: {case.album} stands on no {edit.axis} mode, and now {lead} stands out."
    now = "diffuse" if not state.modes else f"on {' and '.join(state.modes)}"
    return f"{edit.text}: {case.album} asks for {' and '.join(modes)}, and {edit.axis} is now {now}."


def _uncharted(case: _Case) -> list[Suggestion]:
    apart = case.nearest if case.nearest is not None else distances(case.scores)
    near = min(ALBUM_NAMES, key=lambda name: apart[name])
    triple = ", ".join(state.label for state in case.states)
    return [
        Suggestion(f"No album has {triple}; the nearest is {near}, {number(apart[near])} away."),
        Suggestion("To keep such texts, turn on the setting that accepts uncharted triples (accept_uncharted)."),
    ]


def _probability(case: _Case) -> list[Suggestion]:
    limit, p = case.limits.accept, case.probability
    if p >= limit - EPSILON:
        return []
    others = [i for i, name in enumerate(ALBUM_NAMES) if name != case.album]
    rival = ALBUM_NAMES[max(others, key=lambda i: (case.probabilities[i], -i))]
    have, apart = number(p, beside=limit), _apart(case.album, rival)
    return [Suggestion(f"Raise the probability of {case.album} from {have} to {number(limit)}{apart}.")]


@lru_cache(maxsize=81)
def _apart(album: str, rival: str) -> str:
    """What tells an album from its rival, as the end of a sentence."""
    one, other = album_named(album).modes, album_named(rival).modes
    parts = [
        f"{' and '.join(m for m in MODES[axis] if m in one[axis]) or f'no {axis} mode'} rather than "
        f"{' and '.join(m for m in MODES[axis] if m in other[axis]) or f'no {axis} mode'}"
        for axis in AXIS_NAMES
        if one[axis] != other[axis]
    ]
    if not parts:
        return f" by what tells it from {rival}, which has the same modes"
    return f" by what tells it from {rival}: {', '.join(parts)}"


def _confidence(case: _Case) -> list[Suggestion]:
    limits, album = case.limits, album_named(case.album)
    asked = limits.confidence if album.has_modes else limits.black_confidence
    have = number(case.confidence, beside=asked)
    low = case.confidence < limits.low_confidence - EPSILON
    if album.has_modes:
        if confidence_fits(album, case.confidence, thresholds=limits):
            return []
        note = f" (below {number(limits.low_confidence)} it is rejected)" if low else ""
        return [
            Suggestion(
                f"Make it more plainly a concept: its chromatic confidence is {have} and must reach "
                f"{number(limits.confidence)}{note}."
            )
        ]
    if case.confidence >= limits.black_confidence - EPSILON:
        return [
            Suggestion(
                f"Loosen what ties it to a time, a subject and a reality: its chromatic confidence is {have} and must fall "
                f"below {number(limits.black_confidence)} for {case.album}."
            )
        ]
    if not low:
        return []
    return [
        Suggestion(
            f"Its chromatic confidence is {have}, below {number(limits.low_confidence)}: {case.album} allows that, "
            "but only where the rest of what it asks is met."
        )
    ]
