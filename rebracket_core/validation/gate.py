"""The gate: one ordered rule from scores to a verdict (DOMAIN 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rebracket_core.errors import InputError
from rebracket_core.rainbow import Album, album_named, album_of_triple
from rebracket_core.settings import Thresholds
from rebracket_core.validation.states import EPSILON, AxisState, State, check_triple, mode_name


class VerdictKind(StrEnum):
    """The four verdicts."""

    ACCEPT = "ACCEPT"
    ACCEPT_HYBRID = "ACCEPT_HYBRID"
    ACCEPT_BLACK = "ACCEPT_BLACK"
    REJECT = "REJECT"


class Reason(StrEnum):
    """Why a text is rejected; `NONE` where it is accepted, but an uncharted triple keeps its reason."""

    NONE = ""
    OOD_DETECTION = "ood_detection"
    UNCHARTED_MODE = "uncharted_mode"
    DIFFUSE_ONTOLOGY = "diffuse_ontology"
    LOW_CONFIDENCE = "low_confidence"
    UNCLEAR_ONTOLOGY = "unclear_ontology"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate decided: the verdict, its reason, the row of the rule (1 to 8) and a sentence with the numbers.

    `flags` holds "uncharted" where row 3 decided.
    """

    verdict: VerdictKind
    reason: Reason
    rule: int
    explanation: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    scores: tuple[tuple[float, float, float], ...]
    states: tuple[AxisState, ...]
    album: Album
    probability: float
    confidence: float
    uncertainty: float
    ood_p: float | None
    limits: Thresholds
    unknown_source: bool


def agrees(state: AxisState, modes: frozenset[str]) -> bool:
    """Whether an axis agrees with an album that has `modes` there.

    With modes: the leading mode is one of them and the axis is not diffuse. Without: the axis is not dominant.
    """
    if modes:
        return state.state is not State.DIFFUSE and state.lead in modes
    return state.state is not State.DOMINANT


def fits(state: AxisState, modes: frozenset[str]) -> bool:
    """Whether an axis meets its condition in row 4: it agrees and is no hybrid, except of the album's own two modes."""
    return agrees(state, modes) and (state.state is not State.HYBRID or frozenset(state.modes) == modes)


def confidence_fits(album: Album, confidence: float, *, thresholds: Thresholds) -> bool:
    """Whether the chromatic confidence meets row 4: high enough, or for White, which has no modes, low enough."""
    if album.name == "White":
        return _below(confidence, thresholds.black_confidence)
    return _reaches(confidence, thresholds.confidence)


def is_uncharted(states: Sequence[AxisState]) -> bool:
    """Whether three dominant axes stand on a triple that belongs to no album."""
    if any(state.state is not State.DOMINANT for state in states):
        return False
    return album_of_triple(state.lead for state in states) is None


def decide(
    *,
    scores: Sequence[Sequence[float]],
    states: Sequence[AxisState],
    album: str,
    probability: float,
    confidence: float,
    uncertainty: float,
    ood_p: float | None,
    thresholds: Thresholds,
    unknown_source: bool = False,
) -> Decision:
    """The decision on one text: the first row of the rule that holds. Pure; every number is a share from 0 to 1.

    `scores` is (3, 3) and `states` are the three axis states of the same scores; `album` is the first album and
    `probability` its album_probability; `ood_p` is None where the run has no out-of-distribution detector;
    `unknown_source` where the text names a kind of source that the run was not trained on, which row 1 rejects: what the
    run learnt of probabilities does not hold there (songs → proposals: right 0.3).
    Raises InputError for an unknown album, for scores that are no distribution, or for a number that is no share.
    """
    case = _Case(
        scores=tuple(check_triple(state.axis, row) for state, row in zip(states, scores, strict=True)),
        states=tuple(states),
        album=album_named(album),
        probability=_share("album_probability", probability),
        confidence=_share("chromatic_confidence", confidence),
        uncertainty=_share("uncertainty", uncertainty),
        ood_p=None if ood_p is None else _share("ood_p_value", ood_p),
        limits=thresholds,
        unknown_source=unknown_source,
    )
    for row in _ROWS:
        decision = row(case)
        if decision is not None:
            return decision
    return _unclear(case)


def _share(name: str, value: float) -> float:
    number = float(value)
    if not -EPSILON <= number <= 1.0 + EPSILON:
        raise InputError(
            f"'{name}' is no share.",
            expected="a number from 0 to 1",
            found=repr(value),
            hint="pass a probability or a normalised measure",
        )
    return number


def _reaches(value: float, limit: float) -> bool:
    return value >= limit - EPSILON


def _below(value: float, limit: float) -> bool:
    return value < limit - EPSILON


def number(value: float, *, beside: float | None = None) -> str:
    """A share as it is written in a sentence: two digits, three where two would round much away.

    Beside another number that it is compared with, as many digits (at most six) as it takes to tell the two apart.
    """
    digits = 2 if abs(round(value, 2) - value) < 5e-4 else 3
    if beside is not None and value != beside:
        while digits < 6 and round(value, digits) == round(beside, digits):
            digits += 1
    return f"{value:.{digits}f}"


def _axis_words(state: AxisState) -> str:
    if state.state is State.DIFFUSE:
        return f"{state.axis} is diffuse (its highest is {state.lead} at {number(state.top)})"
    if state.state is State.HYBRID:
        return f"{state.axis} hovers between {' and '.join(state.modes)} (gap {number(state.margin)})"
    word = "stands on" if state.state is State.DOMINANT else "leans to"
    return f"{state.axis} {word} {state.lead} ({number(state.top)})"


def _axes_words(case: _Case) -> str:
    return "; ".join(_axis_words(state) for state in case.states)


def _album_words(case: _Case) -> str:
    return f"{case.album.name} has a probability of {number(case.probability)}"


def _out_of_distribution(case: _Case) -> Decision | None:
    parts = []
    if case.unknown_source:
        parts.append("the text comes from a kind of source that the run was not trained on")
    if case.ood_p is not None and _below(case.ood_p, case.limits.ood_p):
        limit, p = number(case.limits.ood_p), number(case.ood_p, beside=case.limits.ood_p)
        parts.append(f"the text is unlike the training texts: its p-value is {p}, below {limit}")
    if case.uncertainty > case.limits.uncertainty + EPSILON:
        u = number(case.uncertainty, beside=case.limits.uncertainty)
        parts.append(f"the uncertainty is {u}, above {number(case.limits.uncertainty)}")
    if not parts:
        return None
    return Decision(VerdictKind.REJECT, Reason.OOD_DETECTION, 1, _sentence("Rejected: " + " and ".join(parts)))


def _black(case: _Case) -> Decision | None:
    limits = case.limits
    if (
        case.album.name == "Black"
        and _reaches(case.probability, limits.accept)
        and _below(case.confidence, limits.black_confidence)
    ):
        text = (
            f"Accepted as Black: {_album_words(case)} (at least {number(limits.accept)} is asked) and the chromatic "
            f"confidence is {number(case.confidence, beside=limits.black_confidence)}, "
            f"below {number(limits.black_confidence)}"
        )
        return Decision(VerdictKind.ACCEPT_BLACK, Reason.NONE, 2, _sentence(text))
    diffuse = all(state.state is State.DIFFUSE for state in case.states)
    if diffuse and _below(case.confidence, limits.diffuse_confidence):
        text = (
            f"Accepted as Black: all three axes are diffuse and the chromatic confidence is "
            f"{number(case.confidence, beside=limits.diffuse_confidence)}, below {number(limits.diffuse_confidence)}"
        )
        if case.album.name != "Black":
            text += f", although the album head says {case.album.name} ({number(case.probability)})"
        return Decision(VerdictKind.ACCEPT_BLACK, Reason.NONE, 2, _sentence(text))
    return None


def _uncharted(case: _Case) -> Decision | None:
    if not is_uncharted(case.states):
        return None
    what = f"all three axes are dominant and their triple, {mode_name(case.states)}, belongs to no album"
    if case.limits.accept_uncharted:
        text = f"Accepted as uncharted: {what}; the settings accept such triples"
        return Decision(VerdictKind.ACCEPT, Reason.UNCHARTED_MODE, 3, _sentence(text), ("uncharted",))
    return Decision(VerdictKind.REJECT, Reason.UNCHARTED_MODE, 3, _sentence(f"Rejected: {what}"), ("uncharted",))


def _accept(case: _Case) -> Decision | None:
    limits = case.limits
    if not _reaches(case.probability, limits.accept):
        return None
    if not confidence_fits(case.album, case.confidence, thresholds=limits):
        return None
    if not all(fits(state, case.album.modes[state.axis]) for state in case.states):
        return None
    asked = (
        f"below {number(limits.black_confidence)}" if case.album.name == "White" else f"at least {number(limits.confidence)}"
    )
    text = (
        f"Accepted: {_album_words(case)} (at least {number(limits.accept)} is asked), every axis agrees "
        f"({_axes_words(case)}) and the chromatic confidence is {number(case.confidence)} ({asked} is asked)"
    )
    return Decision(VerdictKind.ACCEPT, Reason.NONE, 4, _sentence(text))


def _accept_hybrid(case: _Case) -> Decision | None:
    if not _reaches(case.probability, case.limits.hybrid_album):
        return None
    hybrids = [state for state in case.states if state.state is State.HYBRID]
    others = [state for state in case.states if state.state is not State.HYBRID]
    if not 1 <= len(hybrids) <= 2:
        return None
    if not all(case.album.modes[state.axis] & set(state.modes) for state in hybrids):
        return None
    if not all(agrees(state, case.album.modes[state.axis]) for state in others):
        return None
    text = (
        f"Accepted as a hybrid of {case.album.name}, whose probability is {number(case.probability)} (at least "
        f"{number(case.limits.hybrid_album)} is asked): {'; '.join(_axis_words(state) for state in hybrids)}, "
        "and the other axes agree"
    )
    return Decision(VerdictKind.ACCEPT_HYBRID, Reason.NONE, 5, _sentence(text))


def _diffuse(case: _Case) -> Decision | None:
    lost = [s for s in case.states if s.state is State.DIFFUSE and case.album.modes[s.axis]]
    if len(lost) < 2:
        return None
    names = " and ".join(", ".join(state.axis for state in lost).rsplit(", ", 1))
    text = f"Rejected: {names} are diffuse, and {case.album.name} has modes there"
    return Decision(VerdictKind.REJECT, Reason.DIFFUSE_ONTOLOGY, 6, _sentence(text))


def _low_confidence(case: _Case) -> Decision | None:
    limit = case.limits.low_confidence
    if not _below(case.confidence, limit):
        return None
    text = f"Rejected: the chromatic confidence is {number(case.confidence, beside=limit)}, below {number(limit)}"
    return Decision(VerdictKind.REJECT, Reason.LOW_CONFIDENCE, 7, _sentence(text))


def _unclear(case: _Case) -> Decision:
    text = (
        f"Rejected: no row of the rule accepts it. {_album_words(case)}, the chromatic confidence is "
        f"{number(case.confidence)}, {_axes_words(case)}"
    )
    return Decision(VerdictKind.REJECT, Reason.UNCLEAR_ONTOLOGY, 8, _sentence(text))


def _sentence(text: str) -> str:
    return text + "."


_ROWS = (_out_of_distribution, _black, _uncharted, _accept, _accept_hybrid, _diffuse, _low_confidence)
