"""Columns that hold a number for each mode of an axis, and one for the confidence: the soft targets of the users' tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rebracket_core.corpus.readers.labels import missing
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXES, MODES
from rebracket_core.texts import brief

_SPELLINGS = (
    "{mode}_score",
    "{axis}_{mode}",
    "{axis}_{mode}_score",
    "{axis}_score_{mode}",
    "score_{mode}",
    "{mode}_prob",
    "{mode}_probability",
    "{axis}_{mode}_prob",
    "{axis}_{mode}_probability",
    "{mode}_target",
    "{axis}_{mode}_target",
    "rainbow_color_{axis}_{mode}",
)
_CONFIDENCE = ("chromatic_confidence", "chromatic_confidence_score", "confidence_score", "confidence_target", "confidence")
_SUM_SLACK = 0.02

Scores = tuple[tuple[str, tuple[str, ...]], ...]


def _columns(axis: str, also: str, spelling: str) -> list[tuple[str, ...]]:
    """The three columns of an axis in a spelling, in mode order; once for each name that the axis has."""
    names = [also, axis] if also else [axis]
    found = (tuple(spelling.format(axis=name, mode=mode) for mode in MODES[axis]) for name in names)
    return list(dict.fromkeys(found))


_BY_AXIS = {
    axis.name: [three for spelling in _SPELLINGS for three in _columns(axis.name, axis.also, spelling)] for axis in AXES
}
SCORE_NAMES = frozenset((*_CONFIDENCE, *(name for threes in _BY_AXIS.values() for three in threes for name in three)))


def plan_scores(by_name: Mapping[str, str]) -> tuple[Scores, str, tuple[str, ...]]:
    """Which columns of a table hold scores: (axis, its three columns) in mode order, the column of confidence, and notes.

    An axis of which a column lacks is not taken, and named in a note; the confidence is taken beside scores alone, for by
    itself a column of this name may be anybody's. `by_name` are the columns by their name in lower case.
    """
    found: list[tuple[str, tuple[str, ...]]] = []
    notes: list[str] = []
    for axis, threes in _BY_AXIS.items():
        whole = next((three for three in threes if all(name in by_name for name in three)), None)
        if whole is not None:
            found.append((axis, tuple(by_name[name] for name in whole)))
            continue
        part = next((three for three in threes if any(name in by_name for name in three)), None)
        if part is not None:
            lost = ", ".join(repr(name) for name in part if name not in by_name)
            there = ", ".join(repr(by_name[name]) for name in part if name in by_name)
            notes.append(f"The {axis} scores were not taken: {lost} is missing beside {there}.")
    confidence = next((by_name[name] for name in _CONFIDENCE if name in by_name), "") if found else ""
    return tuple(found), confidence, tuple(notes)


def read_scores(axis: str, cells: Sequence[Any]) -> list[float] | None:
    """The shares of an axis's modes from three cells; None where all of them say nothing.

    Raises DataError, naming the mode, for a cell that is missing beside others, one that is no number of 0 to 1, and where
    they do not sum to 1.
    """
    absent = [missing(cell) for cell in cells]
    if all(absent):
        return None
    if any(absent):
        lost = ", ".join(mode for mode, gone in zip(MODES[axis], absent, strict=True) if gone)
        raise _refused(axis, expected="a number for each mode, or for none", found=f"nothing for {lost}")
    shares = [read_share(cell, what=f"{axis} score of {mode}") for cell, mode in zip(cells, MODES[axis], strict=True)]
    if abs(sum(shares) - 1.0) > _SUM_SLACK:
        shown = ", ".join(f"{mode} {share:g}" for mode, share in zip(MODES[axis], shares, strict=True))
        raise _refused(axis, expected="numbers that sum to 1", found=f"{shown}, together {sum(shares):g}")
    return [share / sum(shares) for share in shares]


def read_share(cell: object, *, what: str) -> float:
    """The number of 0 to 1 in a cell. Raises DataError, with `what` it should be, for anything else."""
    try:
        share = float(cell) if not isinstance(cell, bool) else -1.0  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise DataError(
            f"The {what} cannot be read.", expected="a number of 0 to 1", found=brief(cell, chars=40), hint="correct the score"
        )
    return share


def _refused(axis: str, *, expected: str, found: str) -> DataError:
    return DataError(f"The {axis} scores are no distribution.", expected=expected, found=found, hint="correct the scores")
