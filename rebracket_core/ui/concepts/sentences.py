"""What a verdict means, in plain sentences. Nothing here draws; every text comes back unescaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebracket_core.rainbow import AXIS_NAMES

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
_MEANING: dict[str, str] = {
    "ACCEPT": "The album is clear, every axis agrees with it, and the text is album-like enough.",
    "ACCEPT_BLACK": "The text leans to no mode on any axis: that is what Black is.",
    "ACCEPT_HYBRID": "One or two axes lie between two modes, one of them the album's own; the other axes agree.",
}
_REASONS: dict[str, str] = {
    "ood_detection": "The text is unlike the texts that the model was trained on, or the model cannot decide at all; "
    "what it says of such a text cannot be trusted.",
    "uncharted_mode": "Each axis is clear, but no album has these three modes together. It is uncharted, not wrong.",
    "diffuse_ontology": "Two or more axes on which the album has a mode lean to none: the text does not say enough.",
    "low_confidence": "The text is not album-like enough to be placed.",
    "unclear_ontology": "No album is clear enough, or an axis speaks against the album.",
}
_FLAGS: dict[str, str] = {
    "axes_disagree": "The three axes alone would say {axes_album}, the album head says {album}: "
    "one of the two is wrong, so look twice.",
    "uncertain_album": "No album reaches a probability of 0.3: the first one is only the best of nine weak answers.",
    "unknown_source": "It comes from another kind of source than the model's training texts; its figures were not "
    "measured on such texts.",
    "seen_in_training": "The model was trained on exactly this text: its answer is a memory, not a test.",
    "uncharted": "No album has these three modes together.",
}


def headline(verdict: Mapping[str, Any]) -> str:
    """The verdict in one line: "ACCEPT — Red, 0.83", for a reject with the nearest album; "Not judged" for an error."""
    if verdict.get("error"):
        return "Not judged"
    word, album, share = str(verdict["verdict"]), verdict["album"], float(verdict["album_probability"])
    lead = "" if word.startswith("ACCEPT") else "first guess "
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
    """What the probability may be taken to mean, as far as the run's own calibration figures support it.

    `calibration` is the run's: `n`, `ece`, `ece_of_a_perfect_model` and `reliability` bins (probability, right, n).
    A claim is made only of texts like the measured ones, from 50 unseen texts on, and where the error is at most 0.05
    above what chance alone explains.
    """
    found, share = calibration or {}, float(verdict["album_probability"])
    flags = verdict.get("flags") or ()
    if verdict.get("reason") == "ood_detection" or "unknown_source" in flags:
        return "The probability was measured on texts like the training ones; it says little about a text like this."
    if "seen_in_training" in flags:
        return "The model has learned this very text, so the probability says nothing about how it does on new ones."
    if leaked:
        return "The run was split by row, so its figures say nothing about unseen texts."
    if not found.get("n") or found.get("ece") is None:
        return "How often this run is right at such a probability was not measured."
    n, error = int(found["n"]), float(found["ece"])
    if n < 50:
        return f"Only {n} unseen texts measured this probability: too few to say how often it is right."
    bins = [b for b in found.get("reliability") or () if b.get("n")]
    near = min(bins, key=lambda b: abs(float(b["probability"]) - share)) if bins else None
    if error > float(found.get("ece_of_a_perfect_model") or 0.0) + 0.05:
        tail = f" Of the {near['n']} unseen texts nearest to it, {float(near['right']):.0%} were right." if near else ""
        return f"Do not read it as odds: on unseen {unit} this run's probabilities were off by {error:.2f}.{tail}"
    tail = f": of the {near['n']} unseen texts that scored most like it, {float(near['right']):.0%} were" if near else ""
    about = "" if times(share) in _EXTREMES else "about "
    return f"Right {about}{times(share)} on unseen {unit}{tail}."


def meaning(verdict: Mapping[str, Any]) -> str:
    """Why the verdict is what it is, in one or two sentences."""
    if verdict.get("error"):
        return str(verdict["error"])
    word, reason = str(verdict["verdict"]), str(verdict.get("reason") or "")
    if word.startswith("ACCEPT"):
        return _MEANING.get(word, _MEANING["ACCEPT"])
    return _REASONS.get(reason, f"Reason: {reason or 'not given'}.")


def is_remark(flag: str) -> bool:
    """Whether a flag says something that the axes and their states do not show already."""
    return not flag.startswith(("dominant_", "hybrid_", "diffuse_"))


def remarks(verdict: Mapping[str, Any]) -> list[str]:
    """The flags of a verdict that are worth a sentence, each as its sentence."""
    return [flag_sentence(str(flag), verdict) for flag in verdict.get("flags") or () if is_remark(str(flag))]


def flag_sentence(flag: str, verdict: Mapping[str, Any]) -> str:
    """A flag as a sentence; an unknown one is spelled out as it stands."""
    name, _, rest = flag.partition(":")
    if name == "tie":
        near = float((verdict.get("album_probabilities") or {}).get(rest, 0.0))
        return f"It is nearly a tie: {rest} has {near:.2f}, close behind {verdict.get('album')}."
    if name.startswith("without_"):
        return f"The model also reads {name.removeprefix('without_')}; this concept has none, so it answers from less."
    template = _FLAGS.get(name)
    if template is None:
        return flag.replace("_", " ")
    return template.format(axes_album=verdict.get("axes_album"), album=verdict.get("album"))


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
