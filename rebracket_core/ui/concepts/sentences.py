"""What a verdict means, in plain sentences. Nothing here draws; every text comes back unescaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.runs import Calibration
from rebracket_core.services import unit_of
from rebracket_core.validation import Claim, Verdict, flag_sentence, is_remark, rule_behind, trust_of

_FRACTIONS: tuple[tuple[float, str], ...] = (
    (0.05, "once in twenty times"),
    (0.1, "once in ten times"),
    (0.2, "once in five times"),
    (0.25, "once in four times"),
    (1 / 3, "once in three times"),
    (0.4, "two times in five"),
    (0.5, "every second time"),
    (0.6, "three times in five"),
    (2 / 3, "two times in three"),
    (0.75, "three times in four"),
    (0.8, "four times in five"),
    (0.9, "nine times in ten"),
    (0.95, "nineteen times in twenty"),
)
_EXTREMES = ("hardly ever", "nearly always")
_NO_CLAIM: dict[Claim, str] = {
    Claim.UNLIKE: "The probability was measured on texts like the training ones; it says little about a text like this.",
    Claim.LEARNED: "The model was trained on this very text, so the probability says nothing about how it does on new ones.",
    Claim.LEAKED: "The model was split by row, so its figures say nothing about held-out texts.",
    Claim.UNMEASURED: "The accuracy of this model at such a probability was not measured.",
}


def headline(verdict: Verdict) -> str:
    """The verdict in one line: "ACCEPT — Red, 0.83", for a reject with the nearest album; "Failed" for an error."""
    if verdict.error is not None:
        return "Failed"
    lead = "" if verdict.is_accepted else "first guess "
    return f"{verdict.verdict} — {lead}{verdict.album}, {verdict.album_probability or 0.0:.2f}"


def count(number: int, word: str) -> str:
    """A number with its word in the singular or plural: "1 text", "2,000 texts"; "groups of texts" bends its first word."""
    first, *rest = word.split(" ")
    return f"{number:,} {' '.join([first.removesuffix('s') if number == 1 else first, *rest])}"


def times(share: float) -> str:
    """A share as people say it, "four times in five" for 0.83: the nearest of a few plain fractions."""
    if share >= 0.975:
        return _EXTREMES[1]
    if share <= 0.02:
        return _EXTREMES[0]
    return min(_FRACTIONS, key=lambda pair: abs(pair[0] - share))[1]


def units(origins: Iterable[str]) -> str:
    """What the rows of these sources are grouped by, in the plural: songs, threads or groups of texts."""
    return unit_of(origins)


def trust(verdict: Verdict, calibration: Calibration, *, unit: str, leaked: bool = False) -> str:
    """What the probability may be taken to mean, in one or two sentences; `validation.trust_of` decides which."""
    found, share = trust_of(verdict.to_dict(), _as_document(calibration), leaked=leaked), verdict.album_probability or 0.0
    if found.claim is Claim.TOO_FEW:
        return f"Only {found.n} held-out texts measured this probability: too few to say how accurate it is."
    near = "" if found.near_n is None else f"{found.near_n} held-out texts"
    if found.claim is Claim.OFF:
        tail = f" Of the {near} nearest to it, {found.near_right:.0%} were right." if near else ""
        return (
            f"Do not read it as odds: on held-out {unit} the calibration error (ECE) of this model is {found.error:.2f}.{tail}"
        )
    if found.claim is Claim.HOLDS:
        tail = f": of the {near} that scored most like it, {found.near_right:.0%} were" if near else ""
        about = "" if times(share) in _EXTREMES else "about "
        return f"Right {about}{times(share)} on held-out {unit}{tail}."
    return _NO_CLAIM[found.claim]


def _as_document(calibration: Calibration) -> dict[str, Any]:
    """A calibration as it lies with a run, which is what `trust_of` reads."""
    return {
        "n": calibration.n,
        "ece": calibration.ece,
        "ece_of_a_perfect_model": calibration.ece_by_chance,
        "reliability": [{"probability": b.probability, "right": b.accuracy, "n": b.n} for b in calibration.bins],
    }


def meaning(verdict: Verdict) -> str:
    """Why the verdict is what it is, in one plain sentence: the meaning of its rule."""
    if verdict.error is not None:
        return verdict.error
    rule = rule_behind(verdict.to_dict())
    if rule is None:
        return f"Decided by a rule that is not installed here: {verdict.rule or verdict.reason or 'not named'}."
    return rule.meaning


def explanation(verdict: Verdict) -> str:
    """The rule's own sentence with the numbers that decided; "" in verdicts of earlier versions."""
    return verdict.explanation or ""


def remarks(verdict: Verdict) -> list[str]:
    """The flags of a verdict that are worth a sentence, each as its sentence."""
    plain = verdict.to_dict()
    return [flag_sentence(flag, plain) for flag in verdict.flags if is_remark(flag)]


def state_words(state: Mapping[str, Any] | None) -> str:
    """The state of one axis in words: "past, dominant", "past + present, hybrid", "diffuse"."""
    if not state:
        return ""
    word, modes = str(state.get("state", "")), [str(m) for m in state.get("modes") or ()]
    return word if word == "diffuse" or not modes else f"{' + '.join(modes)}, {word}"


def all_states(verdict: Verdict) -> dict[str, str]:
    """Axis name → its state in words."""
    states = verdict.states or {}
    return {axis: state_words(states.get(axis)) for axis in AXIS_NAMES}


def expectation(verdict: Verdict) -> str:
    """How the prediction compares with the album that the source names; "" where it names none."""
    expected = verdict.expected_album
    if not expected or verdict.error is not None:
        return ""
    if expected == verdict.album:
        return f"The source says {expected}: the model agrees."
    return f"The source says {expected}; the model gives that {(verdict.album_probabilities or {}).get(expected, 0.0):.2f}."
