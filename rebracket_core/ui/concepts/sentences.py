"""What a verdict means, in plain sentences. Nothing here draws; every text comes back unescaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.validation import Claim, flag_sentence, is_accepted, is_remark, rule_behind, trust_of

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
    Claim.LEARNED: "The model has learned this very text, so the probability says nothing about how it does on new ones.",
    Claim.LEAKED: "The run was split by row, so its figures say nothing about unseen texts.",
    Claim.UNMEASURED: "How often this run is right at such a probability was not measured.",
}


def headline(verdict: Mapping[str, Any]) -> str:
    """The verdict in one line: "ACCEPT — Red, 0.83", for a reject with the nearest album; "Not judged" for an error."""
    if verdict.get("error"):
        return "Not judged"
    word, album, share = str(verdict["verdict"]), verdict["album"], float(verdict["album_probability"])
    lead = "" if is_accepted(word) else "first guess "
    return f"{word} — {lead}{album}, {share:.2f}"


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


def units(origins: object) -> str:
    """What the rows of these origins are grouped by: songs, threads or groups of texts."""
    names = set(origins if isinstance(origins, (list, tuple, set, frozenset)) else ())
    if "songs" in names or "table" in names:
        return "songs"
    return "threads" if names and names <= {"proposals", "not_concepts"} else "groups of texts"


def trust(verdict: Mapping[str, Any], calibration: Mapping[str, Any] | None, *, unit: str, leaked: bool = False) -> str:
    """What the probability may be taken to mean, in one or two sentences; `validation.trust_of` decides which."""
    found, share = trust_of(verdict, calibration, leaked=leaked), float(verdict["album_probability"])
    if found.claim is Claim.TOO_FEW:
        return f"Only {found.n} held-out texts measured this probability: too few to say how often it is right."
    near = "" if found.near_n is None else f"{found.near_n} held-out texts"
    if found.claim is Claim.OFF:
        tail = f" Of the {near} nearest to it, {found.near_right:.0%} were right." if near else ""
        return f"Do not read it as odds: on unseen {unit} this run's probabilities were off by {found.error:.2f}.{tail}"
    if found.claim is Claim.HOLDS:
        tail = f": of the {near} that scored most like it, {found.near_right:.0%} were" if near else ""
        about = "" if times(share) in _EXTREMES else "about "
        return f"Right {about}{times(share)} on unseen {unit}{tail}."
    return _NO_CLAIM[found.claim]


def meaning(verdict: Mapping[str, Any]) -> str:
    """Why the verdict is what it is, in one plain sentence: the meaning of its rule."""
    if verdict.get("error"):
        return str(verdict["error"])
    rule = rule_behind(verdict)
    if rule is None:
        return f"Decided by a rule that is not installed here: {verdict.get('rule') or verdict.get('reason') or 'not named'}."
    return rule.meaning


def explanation(verdict: Mapping[str, Any]) -> str:
    """The rule's own sentence with the numbers that decided; "" in verdicts of earlier versions."""
    return str(verdict.get("explanation") or "")


def remarks(verdict: Mapping[str, Any]) -> list[str]:
    """The flags of a verdict that are worth a sentence, each as its sentence."""
    return [flag_sentence(str(flag), verdict) for flag in verdict.get("flags") or () if is_remark(str(flag))]


def state_words(state: Mapping[str, Any] | None) -> str:
    """The state of one axis in words: "past, dominant", "past + present, hybrid", "diffuse"."""
    if not state:
        return ""
    word, modes = str(state.get("state", "")), [str(m) for m in state.get("modes") or ()]
    return word if word == "diffuse" or not modes else f"{' + '.join(modes)}, {word}"


def all_states(verdict: Mapping[str, Any]) -> dict[str, str]:
    """Axis name → its state in words."""
    states = verdict.get("states") or {}
    return {axis: state_words(states.get(axis)) for axis in AXIS_NAMES}


def expectation(verdict: Mapping[str, Any]) -> str:
    """How the answer compares with the album that the source names; "" where it names none."""
    expected = verdict.get("expected_album")
    if not expected or verdict.get("error"):
        return ""
    same = expected == verdict.get("album")
    return (
        f"The source says {expected}: the model agrees."
        if same
        else (f"The source says {expected}; the model gives that {float(verdict['album_probabilities'][expected]):.2f}.")
    )
