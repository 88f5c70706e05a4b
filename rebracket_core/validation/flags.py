"""The flags of a verdict, and the sentence of each that says more than the axes and their states show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rebracket_core.settings import Thresholds

# Set by the caller, who knows the text; the rule `ood_detection` reads the first.
UNKNOWN_SOURCE, SEEN_IN_TRAINING, WITHOUT = "unknown_source", "seen_in_training", "without_"
# Shown by the evidence itself.
AXES_DISAGREE, UNCERTAIN_ALBUM, TIE = "axes_disagree", "uncertain_album", "tie:"
# Added by a rule.
UNCHARTED, AXES_CONTRADICT = "uncharted", "axes_contradict"
STATE_PREFIXES = ("dominant_", "hybrid_", "diffuse_")


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag (or the beginning of one, where it ends in "_" or ":"), when it is raised, and its sentence.

    A sentence may name the verdict's `album` and `axes_album`, thresholds of the verdict, and `rest`, what follows the
    beginning, with `share`, the probability of the album that `rest` names.
    """

    name: str
    when: str
    sentence: str


FLAGS: tuple[Flag, ...] = (
    Flag(
        AXES_DISAGREE,
        "the axes' own album is another one, with other modes, and an axis contradicts the first album",
        "The three axes alone would say {axes_album}, the album classifier says {album}: one of the two is wrong, so look "
        "twice.",
    ),
    Flag(
        UNCERTAIN_ALBUM,
        "the first album's probability is below uncertain_album",
        "No album reaches a probability of {uncertain_album:g}: the first one is only the best of nine weak answers.",
    ),
    Flag(
        TIE,
        "another album's probability is within tie of the first",
        "It is nearly a tie: {rest} has {share:.2f}, close behind {album}.",
    ),
    Flag(UNCHARTED, "three clear modes belong to no album together", "No album has these three modes together."),
    Flag(
        AXES_CONTRADICT,
        "a concept is accepted although an axis contradicts its album (accept_axes is flag)",
        "An axis speaks against {album}; this run accepts that and says so.",
    ),
    Flag(
        UNKNOWN_SOURCE,
        "the text names a kind of source that the run was not trained on",
        "It comes from another kind of source than the model's training texts; its figures were not measured on such texts.",
    ),
    Flag(
        SEEN_IN_TRAINING,
        "the run was trained on this very text",
        "The model was trained on exactly this text: its answer is a memory, not a test.",
    ),
    Flag(
        WITHOUT,
        "the model reads a field that the concept does not have",
        "The model also reads {rest}; this concept has none, so it answers from less.",
    ),
)


def is_remark(flag: str) -> bool:
    """Whether a flag says something that the axes and their states do not show already."""
    return not flag.startswith(STATE_PREFIXES)


def flag_sentence(flag: str, verdict: Mapping[str, Any]) -> str:
    """The sentence of a flag of a verdict, with the verdict's own numbers; an unknown flag is spelled out as it stands."""
    found = next((f for f in FLAGS if flag == f.name or (f.name[-1] in "_:" and flag.startswith(f.name))), None)
    if found is None:
        return flag.replace("_", " ")
    rest = flag.removeprefix(found.name)
    limits = {**Thresholds().to_dict(), **(verdict.get("thresholds") or {})}
    share = float((verdict.get("album_probabilities") or {}).get(rest, 0.0))
    return found.sentence.format(
        **limits, rest=rest, share=share, album=verdict.get("album"), axes_album=verdict.get("axes_album")
    )
