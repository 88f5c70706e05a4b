"""What would change a verdict, in plain sentences with numbers: the parts that several rules give (DOMAIN 4)."""

from __future__ import annotations

from functools import lru_cache

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, album_named
from rebracket_core.validation.evidence import Evidence, below
from rebracket_core.validation.rules.base import Suggestion
from rebracket_core.validation.transmigration import Edit, axis_edits
from rebracket_core.validation.wording import number

MAX_SUGGESTIONS = 5


def axes_advice(evidence: Evidence) -> list[Suggestion]:
    """How each axis that does not fit the first album would, the farthest first."""
    edits = axis_edits(evidence.scores, evidence.albums.album, thresholds=evidence.thresholds, states=evidence.states)
    return [Suggestion(_axis_sentence(evidence, edit), edit.axis, edit.targets) for edit in edits]


def _axis_sentence(evidence: Evidence, edit: Edit) -> str:
    state, album = evidence.states[AXIS_NAMES.index(edit.axis)], evidence.album
    modes = [mode for mode in MODES[edit.axis] if mode in album.modes[edit.axis]]
    if not modes:
        return f"{edit.text}: {album.name} stands on no {edit.axis} mode, and now {' and '.join(state.modes)} stands out."
    now = "diffuse" if not state.modes else f"on {' and '.join(state.modes)}"
    return f"{edit.text}: {album.name} asks for {' and '.join(modes)}, and {edit.axis} is now {now}."


def probability_advice(evidence: Evidence) -> list[Suggestion]:
    """How the first album would reach the probability at which it is accepted; nothing where it does."""
    limit, album = evidence.thresholds.accept, evidence.albums.album
    if evidence.reaches(limit):
        return []
    others = [i for i, name in enumerate(ALBUM_NAMES) if name != album]
    shares = evidence.albums.probabilities
    rival = ALBUM_NAMES[max(others, key=lambda i: (shares[i], -i))]
    have = number(evidence.probability, beside=limit)
    if limit >= 1.0:
        return [
            Suggestion(
                f"No probability is accepted under this run's thresholds (accept is 1): {album} has {have}. Use another "
                "run, or set accept."
            )
        ]
    return [Suggestion(f"Raise the probability of {album} from {have} to {number(limit)}{_apart(album, rival)}.")]


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


def confidence_advice(evidence: Evidence) -> list[Suggestion]:
    """How the chromatic confidence would be what the first album asks for; nothing where it is."""
    limits, have = evidence.thresholds, evidence.confidence
    low = below(have, limits.low_confidence)
    if evidence.album.has_modes:
        if not below(have, limits.confidence):
            return []
        note = f" (below {number(limits.low_confidence)} it is rejected)" if low else ""
        return [
            Suggestion(
                f"Make it more plainly a concept: its chromatic confidence is {number(have, beside=limits.confidence)} "
                f"and must reach {number(limits.confidence)}{note}."
            )
        ]
    name, needed = evidence.album.name, limits.black_confidence
    if not below(have, needed):
        return [
            Suggestion(
                f"Loosen what ties it to a time, a subject and a reality: its chromatic confidence is "
                f"{number(have, beside=needed)} and must fall below {number(needed)} for {name}."
            )
        ]
    if not low:
        return []
    return [
        Suggestion(
            f"Its chromatic confidence is {number(have, beside=needed)}, below {number(limits.low_confidence)}: {name} allows "
            "that, but only where the rest of what it asks is met."
        )
    ]


def towards_accept(evidence: Evidence) -> list[Suggestion]:
    """What stands between a text and ACCEPT: contradicting axes, then the probability, the confidence, and the other axes.

    Albums without modes are told by probability and confidence, so these come first there.
    """
    axes, numbers = axes_advice(evidence), [*probability_advice(evidence), *confidence_advice(evidence)]
    if not evidence.album.has_modes:
        return [*numbers, *axes]
    against = {state.axis for state in evidence.contradicting}
    first = [suggestion for suggestion in axes if suggestion.axis in against]
    return [*first, *numbers, *(suggestion for suggestion in axes if suggestion.axis not in against)]


def towards_clear_axes(evidence: Evidence) -> list[Suggestion]:
    """The same with all axes first, where what they say decided."""
    if not evidence.album.has_modes:
        return towards_accept(evidence)
    return [*axes_advice(evidence), *probability_advice(evidence), *confidence_advice(evidence)]
