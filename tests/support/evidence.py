"""Evidence, predictions and a rule made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rebracket_core.models.scores import Scores
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.validation import (
    AlbumReport,
    Concept,
    Decision,
    Evidence,
    Predictions,
    Rule,
    Suggestion,
    Verdict,
    axes_affinity,
    axis_states,
    decide,
    distances,
    verdicts_from,
)

LIMITS = Thresholds()
THIRD = (1 / 3, 1 / 3, 1 / 3)
PAST, PRESENT, FUTURE = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9)
THING, PLACE, PERSON = PAST, PRESENT, FUTURE
IMAGINED, FORGOTTEN, KNOWN = PAST, PRESENT, FUTURE
LEAN_PAST = (0.55, 0.25, 0.2)
PAST_OR_PRESENT = (0.48, 0.47, 0.05)
RED = (PAST, THING, KNOWN)
INDIGO = (THIRD, THIRD, (0.02, 0.5, 0.48))


def spread(album: str, p: float) -> tuple[float, ...]:
    """Nine probabilities with p for an album, the rest even."""
    return tuple(p if name == album else (1.0 - p) / 8 for name in ALBUM_NAMES)


def evidence(
    scores: Sequence[Sequence[float]] = RED,
    *,
    album: str = "Red",
    p: float = 0.9,
    confidence: float = 0.9,
    uncertainty: float = 0.2,
    ood_p: float | None = 0.5,
    limits: Thresholds = LIMITS,
    flags: tuple[str, ...] = (),
    probabilities: Sequence[float] | None = None,
) -> Evidence:
    """Evidence of a first album with probability p, whatever the others have; by default a plain Red."""
    affinity = axes_affinity(np.array([scores], dtype=float))[0]
    return Evidence(
        scores=scores,
        states=axis_states(scores, thresholds=limits),
        albums=AlbumReport(
            album=album,
            probability=p,
            probabilities=tuple(probabilities or spread(album, p)),
            ties=(),
            uncertain=p < limits.uncertain_album,
            axes_album=ALBUM_NAMES[int(affinity.argmax())],
        ),
        confidence=confidence,
        uncertainty=(uncertainty, uncertainty, 0.0),
        ood_p=ood_p,
        types=None,
        distances=tuple(distances(scores).values()),
        thresholds=limits,
        flags=flags,
    )


def gate(*args: Any, **kwargs: Any) -> Decision:
    """The decision on such evidence."""
    return decide(evidence(*args, **kwargs))[0]


def predictions(*, axis: Any, confidence: Any, album: Any, types: Any = None, uncertainty: Any, ood_p: Any) -> Predictions:
    """The predictions of n texts from plain arrays; types of 0 where there are none."""
    axis = np.asarray(axis, dtype=float)
    kinds = np.zeros((len(axis), 8)) if types is None else np.asarray(types, dtype=float)
    scores = Scores(
        axis=axis,
        axis_heads=axis,
        confidence=np.asarray(confidence, dtype=float),
        album=np.asarray(album, dtype=float),
        types=kinds,
        uncertainty=np.asarray(uncertainty, dtype=float),
        any_type=1.0 - np.prod(1.0 - kinds, axis=1),
        predicted_types=(kinds >= 0.5).astype(float),
    )
    return Predictions(scores=scores, ood_p=None if ood_p is None else np.asarray(ood_p, dtype=float))


def verdict(text: str = "A bell.", **changes: Any) -> Verdict:
    """One verdict by the whole walk, by default on a plain Red; `changes` are those of `predictions`, one text each."""
    given: dict[str, Any] = {
        "axis": RED,
        "confidence": 0.9,
        "album": spread("Red", 0.9),
        "types": None,
        "uncertainty": (0.2, 0.2, 0.0),
        "ood_p": 0.5,
    }
    limits = changes.pop("thresholds", LIMITS)
    flags = changes.pop("flags", ())
    one = {name: None if value is None else np.asarray(value)[None] for name, value in (given | changes).items()}
    return verdicts_from(
        [Concept("t", text)],
        predictions(**one),
        thresholds=limits,
        run_id="run-1",
        with_types=one["types"] is not None,
        flags=[flags],
    )[0]


class TooPresent(Rule):
    """A made-up rule: it rejects what leans to present too strongly, before anything is accepted."""

    code = "made_up_present"
    label = "Made up"
    reason = "made_up"
    when = "the score of present is at least {dominant}, and the text is Red"
    meaning = "A rule that a test made up."
    before = "accept"

    def decide(self, evidence: Evidence) -> Decision | None:
        """The rejection where present dominates a Red."""
        limit, have = evidence.thresholds.dominant, evidence.scores[0][1]
        if evidence.albums.album != "Red" or have < limit:
            return None
        return self.decided(f"Rejected: present has {have:.2f}, at least {limit:.2f}")

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """One sentence."""
        return [Suggestion("Say less of the present.")]
