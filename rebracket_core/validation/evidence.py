"""Scores → evidence: all that a verdict rests on, one frozen object a text, made for a whole batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rebracket_core.errors import ModelError
from rebracket_core.models import Scores
from rebracket_core.rainbow import ALBUM_NAMES, TYPE_NAMES, Album, album_named
from rebracket_core.settings import Thresholds
from rebracket_core.validation.albums import AlbumReport, album_report, axes_affinity, same_target
from rebracket_core.validation.flags import AXES_DISAGREE, TIE, UNCERTAIN_ALBUM, UNKNOWN_SOURCE
from rebracket_core.validation.states import EPSILON, SUM_TOLERANCE, AxisState, State, axis_states, contradicts, mode_name
from rebracket_core.validation.transmigration import distances_many

DIGITS = 6
UNCERTAINTIES = ("total", "aleatoric", "epistemic")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one text when the rules decide on it; every number a plain float of six digits.

    `scores` (3, 3) and their `states`; `albums` the report on the nine album probabilities; `confidence` the chromatic one;
    `uncertainty` total, aleatoric and epistemic, each a share of the greatest possible; `ood_p` None without a detector;
    `types` (8,) or None where the run learnt none; `distances` (9,) to the albums' targets; `flags` what the caller knows.
    """

    scores: Sequence[Sequence[float]]
    states: tuple[AxisState, ...]
    albums: AlbumReport
    confidence: float
    uncertainty: Sequence[float]
    ood_p: float | None
    types: Sequence[float] | None
    distances: Sequence[float]
    thresholds: Thresholds
    flags: tuple[str, ...] = ()

    @property
    def album(self) -> Album:
        """The first album, A in the rules."""
        return album_named(self.albums.album)

    @property
    def probability(self) -> float:
        """The probability of the first album, p in the rules."""
        return self.albums.probability

    @property
    def total_uncertainty(self) -> float:
        """The uncertainty that the rules read."""
        return self.uncertainty[0]

    @property
    def from_unknown_source(self) -> bool:
        """Whether the text names a kind of source that the run was not trained on."""
        return UNKNOWN_SOURCE in self.flags

    @property
    def mode(self) -> str:
        """The mode of the text, such as "past_thing_known"."""
        return mode_name(self.states)

    @property
    def contradicting(self) -> tuple[AxisState, ...]:
        """The axes that contradict the first album."""
        modes = self.album.modes
        return tuple(state for state in self.states if contradicts(state, modes[state.axis]))

    @property
    def axes_disagree(self) -> bool:
        """Whether the axes' own album is another one, with another target, and some axis contradicts the first album."""
        one, other = self.albums.album, self.albums.axes_album
        return one != other and not same_target(one, other) and bool(self.contradicting)

    def reaches(self, limit: float) -> bool:
        """Whether the first album's probability reaches a limit; nothing reaches 1, the limit of rules that accept nothing."""
        return limit < 1.0 - EPSILON and self.probability >= limit - EPSILON

    def all_flags(self, more: Sequence[str] = ()) -> tuple[str, ...]:
        """The flags of the verdict: what the axes and albums show, then `more`, then the caller's own, each once."""
        found = []
        for state in self.states:
            if state.state is State.DOMINANT:
                found.append(f"dominant_{state.argmax_mode}")
            elif state.state is not State.LEANING:
                found.append(f"{state.state.value}_{state.axis}")
        if self.axes_disagree:
            found.append(AXES_DISAGREE)
        if self.albums.uncertain:
            found.append(UNCERTAIN_ALBUM)
        found += [f"{TIE}{name}" for name in self.albums.ties]
        return tuple(dict.fromkeys([*found, *more, *self.flags]))


def below(value: float, limit: float) -> bool:
    """Whether a value is below a limit, rounding errors aside."""
    return value < limit - EPSILON


def evidence_of(
    scores: Scores,
    *,
    ood_p: np.ndarray | None,
    thresholds: Thresholds | Sequence[Thresholds],
    flags: Sequence[Sequence[str]] | None = None,
    with_types: bool = True,
) -> list[Evidence | ModelError]:
    """The evidence on n texts, in order; in place of a text's own, a ModelError that says which numbers are no shares.

    Args:
        scores: of n texts, as the model gives them; all numbers are rounded to six digits first.
        ood_p: (n,) p-values, None where the run has no detector.
        thresholds: one set for all, or one for each text.
        flags: what is known of each text; "unknown_source" among them makes a rule refuse.
        with_types: False where the run learnt no types.

    Raises:
        ModelError: an array has the wrong shape.
    """
    n = len(scores.confidence)
    limits = [_rounded(thresholds)] * n if isinstance(thresholds, Thresholds) else [_rounded(one) for one in thresholds]
    own = [tuple(one) for one in flags] if flags is not None else [()] * n
    for name, given in (("thresholds", limits), ("flags", own)):
        if len(given) != n:
            raise _wrong_shape(name, found=f"{len(given)} for {n} texts", expected=str(n))
    return [
        row if isinstance(row, ModelError) else row.evidence(thresholds=limit, flags=mine)
        for row, limit, mine in zip(_rows(scores, ood_p=ood_p, with_types=with_types), limits, own, strict=True)
    ]


@lru_cache(maxsize=64)
def _rounded(thresholds: Thresholds) -> Thresholds:
    return thresholds.rounded(DIGITS)


@dataclass(frozen=True, slots=True)
class _Row:
    """The rounded numbers of one text as plain values."""

    axis: list[list[float]]
    confidence: float
    album: list[float]
    types: list[float] | None
    uncertainty: list[float]
    ood_p: float | None
    affinity: list[float]
    distances: list[float]

    def evidence(self, *, thresholds: Thresholds, flags: tuple[str, ...]) -> Evidence:
        return Evidence(
            scores=self.axis,
            states=axis_states(self.axis, thresholds=thresholds),
            albums=album_report(self.album, self.affinity, thresholds=thresholds),
            confidence=self.confidence,
            uncertainty=self.uncertainty,
            ood_p=self.ood_p,
            types=self.types,
            distances=self.distances,
            thresholds=thresholds,
            flags=flags,
        )


def _rows(scores: Scores, *, ood_p: np.ndarray | None, with_types: bool) -> list[_Row | ModelError]:
    """One row a text, or what is wrong with its numbers."""
    n = len(scores.confidence)
    axis, confidence = _array("axis", scores.axis, shape=(n, 3, 3)), _array("confidence", scores.confidence, shape=(n,))
    album = _array("album", scores.album, shape=(n, len(ALBUM_NAMES)))
    uncertainty = _array("uncertainty", scores.uncertainty, shape=(n, len(UNCERTAINTIES)))
    types = _array("types", scores.types, shape=(n, len(TYPE_NAMES))) if with_types else None
    ood = None if ood_p is None else _array("ood_p", ood_p, shape=(n,))
    sound = {
        "axis scores": _shares(axis) & (np.abs(axis.sum(axis=2) - 1.0) <= SUM_TOLERANCE).all(axis=1),
        "album probabilities": _shares(album) & (np.abs(album.sum(axis=1) - 1.0) <= SUM_TOLERANCE),
        "chromatic confidence": _shares(confidence),
        "uncertainty": _shares(uncertainty),
        **({} if types is None else {"types": _shares(types)}),
        **({} if ood is None else {"out-of-distribution p-value": _shares(ood)}),
    }
    good = np.all(list(sound.values()), axis=0)
    safe = np.where(good[:, None, None], axis, 1.0 / 3.0)
    columns = zip(
        axis.tolist(),
        confidence.tolist(),
        album.tolist(),
        [None] * n if types is None else types.tolist(),
        uncertainty.tolist(),
        [None] * n if ood is None else ood.tolist(),
        axes_affinity(safe).tolist(),
        distances_many(safe).round(DIGITS).tolist(),
        strict=True,
    )
    return [
        _Row(*column) if fine else _bad_numbers([name for name, ok in sound.items() if not ok[i]])
        for i, (fine, column) in enumerate(zip(good.tolist(), columns, strict=True))
    ]


def _bad_numbers(names: Sequence[str]) -> ModelError:
    return ModelError(
        "The model gave numbers that are no scores.",
        expected="shares from 0 to 1 (distributions sum to 1)",
        found=f"NaN or a value out of range in the {', '.join(names)}",
        hint="use another run, or train this one again",
    )


def _shares(values: np.ndarray) -> np.ndarray:
    """(n,) bool: whether all values of a row are numbers from 0 to 1."""
    inside: np.ndarray = ((values >= 0.0) & (values <= 1.0)).reshape(len(values), int(np.prod(values.shape[1:])))
    return np.asarray(inside.all(axis=1))


def _array(name: str, values: np.ndarray, *, shape: tuple[int, ...]) -> np.ndarray:
    """The values as float64 of six digits; ModelError where the shape is another."""
    array = np.round(np.asarray(values, dtype=np.float64), DIGITS) + 0.0  # no -0.0
    if array.shape != shape:
        raise _wrong_shape(name, found=str(array.shape), expected=str(shape))
    return array


def _wrong_shape(name: str, *, found: str, expected: str) -> ModelError:
    return ModelError(f"'{name}' has the wrong shape.", expected=expected, found=found, hint="pass one row for each text")
