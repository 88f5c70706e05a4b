"""What an explanation is about: how far an answer leads another, in logits, on the calibrated scores that a verdict shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rebracket_core.errors import InputError
from rebracket_core.models import Scores
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES

CONFIDENCE = "confidence"
ANY_TYPE = "any_type"
OUTPUTS = ("album", *AXIS_NAMES, "type", ANY_TYPE, CONFIDENCE)
SOME_TYPE, NO_TYPE = "some type", "no type"
A_CONCEPT, NO_CONCEPT = "like an album", "like none"
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Margin:
    """A question: in `output`, how far `first` leads `second` (positions among `classes_of(output)`)."""

    output: str
    first: int
    second: int

    @property
    def predicted(self) -> str:
        """The answer that leads, or the requested one."""
        return classes_of(self.output)[self.first]

    @property
    def runner_up(self) -> str:
        """The answer that it is held against."""
        return classes_of(self.output)[self.second]

    def of(self, scores: Scores) -> np.ndarray:
        """(n,) float64 margins: the difference of two log shares; of types, of two log-odds."""
        logits = output_logits(scores, self.output)
        margin: np.ndarray = logits[:, self.first] - logits[:, self.second]
        return margin


def classes_of(output: str) -> tuple[str, ...]:
    """The answers that an output chooses among. Raises InputError for an unknown output."""
    if output == "album":
        return tuple(ALBUM_NAMES)
    if output == "type":
        return tuple(TYPE_NAMES)
    if output == ANY_TYPE:
        return SOME_TYPE, NO_TYPE
    if output == CONFIDENCE:
        return A_CONCEPT, NO_CONCEPT
    if output in AXIS_NAMES:
        return tuple(MODES[output])
    raise InputError("This output is not known.", expected=", ".join(OUTPUTS), found=output, hint="choose one of these")


def output_logits(scores: Scores, output: str) -> np.ndarray:
    """(n, K) float64: the logs of the calibrated shares of an output, or the log-odds of types; what a verdict rests on."""
    classes_of(output)
    if output == "album":
        return _log(scores.album)
    if output == "type":
        return _log(scores.types) - _log(1.0 - scores.types)
    if output == ANY_TYPE:
        return _log(np.stack([scores.any_type, 1.0 - scores.any_type], axis=1))
    if output == CONFIDENCE:
        return _log(np.stack([scores.confidence, 1.0 - scores.confidence], axis=1))
    return _log(scores.axis[:, AXIS_NAMES.index(output)])


def margin_of(scores: Scores, output: str, *, answer: str | None = None, against: str | None = None) -> Margin:
    """The question for one text: by default the first answer against the second. Raises InputError for an unknown answer."""
    names = classes_of(output)
    order = np.argsort(-output_logits(scores, output)[0], kind="stable").tolist()
    first = _place(names, answer, output=output) if answer else order[0]
    second = _place(names, against, output=output) if against else next(i for i in order if i != first)
    if first == second:
        raise InputError(
            "An answer cannot be held against itself.",
            expected=f"two of {', '.join(names)}",
            found=names[first],
            hint="name another one",
        )
    return Margin(output=output, first=first, second=second)


def _place(names: Sequence[str], name: str, *, output: str) -> int:
    found = next((i for i, known in enumerate(names) if known.casefold() == name.strip().casefold()), None)
    if found is None:
        raise InputError(f"This is no answer of {output}.", expected=", ".join(names), found=name, hint="choose one of these")
    return found


def _log(shares: np.ndarray) -> np.ndarray:
    logs: np.ndarray = np.log(np.maximum(shares, _TINY))
    return logs
