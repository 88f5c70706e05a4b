"""How far a text, an album or a triple of modes is from another place, and what leads there (DOMAIN 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import sqrt
from types import MappingProxyType

import numpy as np

from rebracket_core.errors import InputError
from rebracket_core.rainbow import (
    ALBUM_NAMES,
    ALBUMS,
    AXIS_NAMES,
    MODES,
    album_named,
    album_vertices,
    axis_vertex,
    parse_album,
    parse_modes,
)
from rebracket_core.settings import Thresholds
from rebracket_core.validation.albums import same_target
from rebracket_core.validation.states import EPSILON, AxisState, agrees, axis_state, check_triple, fits, state_of_triple
from rebracket_core.validation.wording import number

EASY_BELOW = 1.0
DIFFICULT_ABOVE = 2.0
# An axis this near to its target is within reach of an edit with score targets (DOMAIN 5).
EDIT_REACH = 0.5
# A difference this small is no step: scores are given to six digits.
SETTLED = 1e-6
# How far above the dominant threshold an edit aims, and in which steps it goes higher where that is not enough.
AIM_ABOVE = 0.1
AIM_STEP = 0.05
# The shares that an album's own two modes aim at, each.
TWO_MODES = (0.45, 0.5)

Triple = tuple[float, float, float]
_BETWEEN_MODES = re.compile(r"[_/,\s]+")


class Difficulty(StrEnum):
    """How hard a move is: easy below 1, moderate from 1 to 2, difficult above 2."""

    EASY = "easy"
    MODERATE = "moderate"
    DIFFICULT = "difficult"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a move begins or ends: the modes of each axis; an empty set is an axis without a mode, all three alike.

    `album` is the album with just these modes, the first of the table where two share them; None where the modes are
    uncharted.
    """

    name: str
    modes: Mapping[str, frozenset[str]]
    album: str | None

    @property
    def scores(self) -> tuple[Triple, Triple, Triple]:
        """The (3 axes, 3 modes) scores of the place, unsmoothed."""
        a, b, c = (_vertex(axis, self.modes[axis]) for axis in AXIS_NAMES)
        return a, b, c


@dataclass(frozen=True, slots=True)
class AxisChange:
    """How one axis changes: its scores before and after, their difference by mode, its size (L2) and direction in words.

    `rank` is the place of the axis in the order of needed change, from 1; None where nothing changes.
    """

    axis: str
    before: Triple
    after: Triple
    vector: Triple
    size: float
    direction: str
    rank: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One axis set to its target: its scores before and after, how far that is, and what is left to go."""

    axis: str
    before: Triple
    after: Triple
    distance: float
    remaining: float
    scores: tuple[Triple, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """The way to an album or a triple of modes, one axis at a time; `steps` is empty where the start is already there.

    `album` is the name of the end. The scores of the last step are its target.
    """

    album: str
    distance: float
    difficulty: Difficulty
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """One change on one axis.

    `targets` maps modes to the scores that they should reach (the other modes of the axis share the rest in the
    proportions that they have); empty where the axis is too far for a score target. `text` says it in words.
    """

    axis: str
    distance: float
    targets: Mapping[str, float]
    text: str


def distances(axis_scores: Sequence[Sequence[float]]) -> dict[str, float]:
    """The distance from one text to each album by name: L2 over the nine numbers to the album's unsmoothed target.

    `axis_scores` is (3 axes, 3 modes).
    """
    rows = [check_triple(axis, row) for axis, row in zip(AXIS_NAMES, axis_scores, strict=True)]
    return dict(zip(ALBUM_NAMES, distances_many(np.array([rows]))[0].tolist(), strict=True))


def distances_many(axis_scores: np.ndarray) -> np.ndarray:
    """(n, 9) float64 distances of (n, 3, 3) scores to the albums' unsmoothed targets, in the table's order."""
    scores = np.asarray(axis_scores, dtype=np.float64)
    return np.sqrt(((scores[:, None] - album_vertices()[None]) ** 2).sum(axis=(2, 3)))


def difficulty(distance: float) -> Difficulty:
    """How hard a move of this distance is."""
    if distance < EASY_BELOW - EPSILON:
        return Difficulty.EASY
    return Difficulty.DIFFICULT if distance > DIFFICULT_ABOVE + EPSILON else Difficulty.MODERATE


@lru_cache(maxsize=64)
def vertex(album: str, axis: str) -> Triple:
    """The album's unsmoothed target on one axis."""
    a, b, c = axis_vertex(axis, album_named(album).modes[axis])
    return a, b, c


def place_of(word: str) -> Place:
    """The place of an album (name or letter) or of a triple of modes, such as "past_thing_imagined".

    The modes stand in the order of the axes, between "_", "/", "," or spaces; "none" is an axis without a mode and
    "known+forgotten" one with two. Raises InputError for anything else.
    """
    parts = [part for part in _BETWEEN_MODES.split(word.strip()) if part]
    if len(parts) == len(AXIS_NAMES):
        modes = {axis: parse_modes(axis, part) for axis, part in zip(AXIS_NAMES, parts, strict=True)}
        album = next((one.name for one in ALBUMS if one.modes == modes), None)
        names = ("+".join(mode for mode in MODES[axis] if mode in modes[axis]) or "none" for axis in AXIS_NAMES)
        return Place("_".join(names), MappingProxyType(modes), album)
    found = parse_album(word) if len(parts) == 1 else None
    if found is None:
        raise InputError(
            "This is neither an album nor a triple of modes.",
            expected=f"one of {', '.join(ALBUM_NAMES)}, or a mode of each axis such as past_thing_imagined",
            found=repr(word)[:100],
            hint="write three modes, the axes in the order " + ", ".join(AXIS_NAMES),
        )
    return _album_place(found.name)


def axis_distances(scores: Sequence[Sequence[float]], to: str | Place) -> tuple[float, float, float]:
    """How far each axis is from the unsmoothed target of an album or place (L2 over three numbers), in the axes' order."""
    a, b, c = (_apart(row, target) for row, target in zip(scores, _place(to).scores, strict=True))
    return a, b, c


def axis_changes(scores: Sequence[Sequence[float]], to: str | Place) -> tuple[AxisChange, ...]:
    """The vector from (3, 3) scores to an album or place, axis by axis in the axes' order."""
    apart, found = axis_distances(scores, to), []
    order = _farthest_first(apart)
    for i, (axis, after) in enumerate(zip(AXIS_NAMES, _place(to).scores, strict=True)):
        before = check_triple(axis, scores[i])
        a, b, c = (new - old for old, new in zip(before, after, strict=True))
        rank = order.index(i) + 1 if i in order else None
        words = _direction_words(axis, (a, b, c)) if rank else "unchanged"
        found.append(AxisChange(axis, before, after, (a, b, c), apart[i], words, rank))
    return tuple(found)


def path(scores: Sequence[Sequence[float]], album: str | Place, *, thresholds: Thresholds) -> Path:
    """The path from (3, 3) scores to an album or place: the farthest axis first, each set to its target in one step.

    An axis that is already there is no step. Warns where none of the three axes agrees with the target, so that all
    three must change, where no album has its modes, and where the album shares its target with another.
    """
    here = [check_triple(axis, row) for axis, row in zip(AXIS_NAMES, scores, strict=True)]
    place = _place(album)
    target = place.scores
    apart = axis_distances(here, place)
    order = _farthest_first(apart)
    steps: list[Step] = []
    now = list(here)
    for at, i in enumerate(order):
        axis = AXIS_NAMES[i]
        before, now[i] = now[i], target[i]
        if at == len(order) - 1:
            now = list(target)
        left = sqrt(sum(apart[j] ** 2 for j in order[at + 1 :]))
        words = _step_words(place.modes[axis], axis, before=before)
        steps.append(Step(axis, before, now[i], apart[i], left, tuple(now), words))
    states = [axis_state(axis, row, thresholds=thresholds) for axis, row in zip(AXIS_NAMES, here, strict=True)]
    total = sqrt(sum(d * d for d in apart))
    return Path(place.name, total, difficulty(total), tuple(steps), _warnings(place, states, steps=steps))


def _farthest_first(apart: Sequence[float]) -> list[int]:
    """The positions of the axes that must change, the farthest first."""
    return sorted((i for i in range(3) if apart[i] > SETTLED), key=lambda i: (-apart[i], i))


def _direction_words(axis: str, vector: Triple) -> str:
    """Which modes fall and which rise, each list the largest change first."""
    names = MODES[axis]
    falls = [names[i] for i in sorted(range(3), key=lambda i: vector[i]) if vector[i] < -SETTLED]
    rises = [names[i] for i in sorted(range(3), key=lambda i: -vector[i]) if vector[i] > SETTLED]
    return f"from {' and '.join(falls)} to {' and '.join(rises)}"


def _warnings(target: Place, states: Sequence[AxisState], *, steps: Sequence[Step]) -> tuple[str, ...]:
    found = []
    if len(steps) == 3 and not any(agrees(state, target.modes[state.axis]) for state in states):
        found.append(f"All three axes must change to reach {target.name}.")
    if target.album is None:
        found.append(f"{target.name} is uncharted: no album has these modes.")
        return tuple(found)
    twins = [name for name in ALBUM_NAMES if name not in (target.name, target.album) and same_target(name, target.album)]
    if twins:
        found.append(f"{target.name} shares its target with {', '.join(twins)}: the axes cannot tell them apart.")
    return tuple(found)


def _step_words(wanted: frozenset[str], axis: str, *, before: Triple) -> str:
    modes = [mode for mode in MODES[axis] if mode in wanted]
    argmax_mode = MODES[axis][max(range(3), key=lambda i: (before[i], -i))]
    if not modes:
        return f"{_as_much_as(axis, argmax_mode)}."
    if modes == [argmax_mode]:
        return f"Strengthen {argmax_mode} on {axis}."
    return f"Move {axis} from {argmax_mode} to {' and '.join(modes)}."


def minimal_edits(scores: Sequence[Sequence[float]], album: str | Place, *, thresholds: Thresholds) -> tuple[Edit, ...]:
    """The least that makes (3, 3) scores stand firmly on an album or place, the farthest axis first.

    An axis needs an edit where it does not fit the target, or where its one mode is less than a tenth above the
    dominant threshold (below 0.70). One within 0.5 of its target gets score targets; one that is farther
    gets its direction alone.
    """
    found = {edit.axis: edit for edit in axis_edits(scores, album, thresholds=thresholds)}
    aim = round(min(1.0, thresholds.dominant + AIM_ABOVE), 6)
    for axis, row, apart in zip(AXIS_NAMES, scores, axis_distances(scores, album), strict=True):
        modes = _place(album).modes[axis]
        now = check_triple(axis, row)
        if axis not in found and len(modes) == 1 and max(now) < aim - EPSILON:
            targets = {next(iter(modes)): aim}
            found[axis] = Edit(axis, apart, MappingProxyType(targets), _edit_words(axis, now, targets=targets))
    edits = sorted(found.values(), key=lambda edit: -edit.distance)
    return tuple(e if e.distance <= EDIT_REACH + EPSILON else _direction(e, scores, album=album) for e in edits)


def _direction(edit: Edit, scores: Sequence[Sequence[float]], *, album: str | Place) -> Edit:
    now = check_triple(edit.axis, scores[AXIS_NAMES.index(edit.axis)])
    words = _step_words(_place(album).modes[edit.axis], edit.axis, before=now).removesuffix(".")
    return Edit(edit.axis, edit.distance, MappingProxyType({}), words)


def axis_edits(
    scores: Sequence[Sequence[float]], album: str | Place, *, thresholds: Thresholds, states: Sequence[AxisState] | None = None
) -> tuple[Edit, ...]:
    """For each axis that does not fit the album or place, the score targets with which it would; farthest first.

    Every target is tried on the condition itself (`states.fits`); where the thresholds leave no score that fits, the axis
    has no edit. `states`, if given, are those of `scores`.
    """
    place, found = _place(album), []
    for i, axis in enumerate(AXIS_NAMES):
        modes = place.modes[axis]
        now = check_triple(axis, scores[i])
        state = states[i] if states is not None else state_of_triple(axis, now, thresholds=thresholds)
        if fits(state, modes):
            continue
        for targets in _candidates(axis, now, modes=modes, dominant=thresholds.dominant):
            reached = apply_targets(axis, now, targets=targets)
            if fits(state_of_triple(axis, reached, thresholds=thresholds), modes):
                words = _edit_words(axis, now, targets=targets)
                found.append(Edit(axis, _apart(now, place.scores[i]), MappingProxyType(targets), words))
                break
    return tuple(sorted(found, key=lambda edit: -edit.distance))


def apply_targets(axis: str, scores: Sequence[float], *, targets: Mapping[str, float]) -> Triple:
    """The three scores once `targets` are reached.

    The other modes share the rest in their proportions, or evenly where all are 0.
    """
    names = MODES[axis]
    rest = max(0.0, 1.0 - sum(targets.values()))
    others = [i for i in range(3) if names[i] not in targets]
    weight = sum([scores[i] for i in others])
    values = [targets.get(mode, 0.0) for mode in names]
    for i in others:
        values[i] = rest * (scores[i] / weight if weight > 0.0 else 1.0 / len(others))
    return values[0], values[1], values[2]


def _candidates(axis: str, now: Triple, *, modes: frozenset[str], dominant: float) -> Iterator[dict[str, float]]:
    """Score targets that may do, in rising order of effort."""
    names = MODES[axis]
    if not modes:
        yield dict(zip(names, axis_vertex(axis, ()), strict=True))
        return
    wanted = sorted((i for i in range(3) if names[i] in modes), key=lambda i: (-now[i], i))
    if len(wanted) == 2:
        for share in TWO_MODES:
            yield {names[i]: share for i in wanted}
    share = dominant + AIM_ABOVE
    while share < 1.0:
        yield {names[wanted[0]]: round(share, 6)}
        share += AIM_STEP
    yield {names[wanted[0]]: 1.0}


def _edit_words(axis: str, now: Triple, *, targets: Mapping[str, float]) -> str:
    names = MODES[axis]
    if len(targets) == len(names):
        have = ", ".join(f"{mode} {number(now[i])}" for i, mode in enumerate(names))
        top = names[max(range(len(names)), key=lambda i: (now[i], -i))]
        return f"{_as_much_as(axis, top)} ({have}; about {1 / len(names):.2f} each)"
    changes = [
        f"{'raise' if share >= now[names.index(mode)] else 'lower'} {mode} "
        f"from {number(now[names.index(mode)], beside=share)} to {number(share)}"
        for mode, share in targets.items()
    ]
    words = " and ".join(changes)
    return words[0].upper() + words[1:]


def _as_much_as(axis: str, top: str) -> str:
    """What evens out an axis, in words: its other modes are to be mentioned as much as its highest."""
    return f"Mention {' and '.join(mode for mode in MODES[axis] if mode != top)} as much as {top} on the {axis} axis"


def _apart(one: Sequence[float], other: Sequence[float]) -> float:
    return sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)))


def _place(to: str | Place) -> Place:
    return _album_place(to) if isinstance(to, str) else to


@lru_cache(maxsize=16)
def _album_place(name: str) -> Place:
    return Place(name, MappingProxyType(album_named(name).modes), name)


@lru_cache(maxsize=64)
def _vertex(axis: str, modes: frozenset[str]) -> Triple:
    a, b, c = axis_vertex(axis, modes)
    return a, b, c
