"""Plans of transmigration: from an album, a triple of modes or a text to an album or a triple."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.settings import Thresholds
from rebracket_core.validation import (
    AxisChange,
    Concept,
    Edit,
    Path,
    Place,
    axis_changes,
    axis_states,
    distances,
    minimal_edits,
    mode_name,
    path,
    place_of,
)

if TYPE_CHECKING:
    from rebracket_core.insight.explain import CounterfactualSearch
    from rebracket_core.progress import ProgressReporter
    from rebracket_core.services.concepts.verdicts import Verdicts
    from rebracket_core.services.explain import Counterfactuals
    from rebracket_core.services.resources import Resources

MAX_DISTANCE = 2.0
"""A move farther than this is advised one state at a time."""
_WORD_SEARCH_S = 8.0
_DIGITS = 6
Rows = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class IntermediateState:
    """The scores after a step: their mode, the album whose target is nearest, and how far that is."""

    scores: tuple[tuple[float, float, float], ...]
    mode: str
    nearest_album: str
    nearest_distance: float


@dataclass(frozen=True, slots=True)
class TransmigrationPlan:
    """A plan: its start and end, how each axis changes, the path, and the states on it.

    `states` has one a step; the last is the end. `edits` are the minimal edits of a text and empty for other starts.
    `within_reach`: whether the whole distance is at most `max_distance`.
    """

    start: str
    text: str
    run_id: str
    scores: tuple[tuple[float, float, float], ...]
    to: Place
    changes: tuple[AxisChange, ...]
    way: Path
    states: tuple[IntermediateState, ...]
    edits: tuple[Edit, ...]
    max_distance: float

    @property
    def within_reach(self) -> bool:
        """Whether the move may be made in one go."""
        return self.way.distance <= self.max_distance + 1e-9

    @property
    def order(self) -> tuple[str, ...]:
        """The axes that must change, the farthest first."""
        return tuple(step.axis for step in self.way.steps)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against the move."""
        if self.within_reach:
            return self.way.warnings
        far = f"The distance {self.way.distance:.2f} is above {self.max_distance:.2f}: go through the states one at a time."
        return (*self.way.warnings, far)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values; scores stand by mode, numbers are rounded to six digits."""
        return {
            "from": {"name": self.start, "text": self.text, "run_id": self.run_id, "scores": _by_axis(self.scores)},
            "to": {
                "name": self.to.name,
                "album": self.to.album,
                "modes": {axis: [mode for mode in MODES[axis] if mode in self.to.modes[axis]] for axis in AXIS_NAMES},
                "scores": _by_axis(self.to.scores),
            },
            "distance": _rounded(self.way.distance),
            "difficulty": str(self.way.difficulty),
            "max_distance": self.max_distance,
            "within_reach": self.within_reach,
            "order": list(self.order),
            "changes": [_change(one) for one in self.changes],
            "steps": [self._step(number) for number in range(len(self.states))],
            "edits": [
                {"axis": e.axis, "distance": _rounded(e.distance), "targets": dict(e.targets), "text": e.text}
                for e in self.edits
            ],
            "warnings": list(self.warnings),
        }

    def _step(self, number: int) -> dict[str, Any]:
        step, state = self.way.steps[number], self.states[number]
        return {
            "number": number + 1,
            "axis": step.axis,
            "text": step.text,
            "distance": _rounded(step.distance),
            "remaining": _rounded(step.remaining),
            "scores": _by_axis(state.scores),
            "mode": state.mode,
            "nearest_album": state.nearest_album,
            "nearest_distance": _rounded(state.nearest_distance),
        }


def plan_from_scores(
    scores: Rows, to: Place, *, thresholds: Thresholds, start: str, max_distance: float = MAX_DISTANCE
) -> TransmigrationPlan:
    """The plan from (3 axes, 3 modes) scores to a place, without edits; `start` is the name of the start."""
    return _plan(scores, to, _Start(start, "", "", thresholds, max_distance))


def plan_between(
    start: str, to: str, *, thresholds: Thresholds | None = None, max_distance: float = MAX_DISTANCE
) -> TransmigrationPlan:
    """The plan from an album or a triple of modes to another; no run is needed.

    Raises InputError for a word that is neither.
    """
    here = place_of(start)
    limits = thresholds or Thresholds()
    return plan_from_scores(here.scores, place_of(to), thresholds=limits, start=here.name, max_distance=max_distance)


def plan_from_verdict(verdict: Mapping[str, Any], to: str, *, max_distance: float = MAX_DISTANCE) -> TransmigrationPlan:
    """The plan from a scored text to an album or a triple of modes, with its minimal edits.

    `verdict` has the fields of `Verdict.to_dict`. Raises InputError where it carries an error.
    """
    place = place_of(to)
    if verdict["error"] or verdict["album"] is None:
        raise InputError(
            "The text cannot be scored.",
            expected="a concept in words",
            found=str(verdict["error"] or "no scores"),
            hint="give another text",
        )
    limits = Thresholds.from_dict(verdict["thresholds"])
    start = _Start(str(verdict["mode"]), str(verdict["text"]), str(verdict["run_id"]), limits, max_distance)
    return _plan(axis_rows(verdict), place, start)


def axis_rows(verdict: Mapping[str, Any]) -> list[list[float]]:
    """The (3 axes, 3 modes) scores of a verdict's fields; each axis sums to 1 although its shares were rounded."""
    rows = [[float((verdict[axis] or {})[mode]) for mode in MODES[axis]] for axis in AXIS_NAMES]
    return [[share / sum(row) for share in row] for row in rows]


class Transmigrations:
    """Plans over the runs of a home; safe to share between threads."""

    def __init__(self, resources: Resources, *, verdicts: Verdicts, counterfactuals: Counterfactuals) -> None:
        self._resources = resources
        self._verdicts = verdicts
        self._counterfactuals = counterfactuals

    def between(
        self, start: str, to: str, *, thresholds: dict[str, Any] | None = None, max_distance: float = MAX_DISTANCE
    ) -> TransmigrationPlan:
        """The plan from an album or a triple to another; see `plan_between`. `thresholds` replaces some of the settings'."""
        limits = self._resources.settings.thresholds.with_(**(thresholds or {}))
        return plan_between(start, to, thresholds=limits, max_distance=max_distance)

    def from_text(
        self,
        text: str,
        to: str,
        *,
        run_id: str | None = None,
        thresholds: dict[str, Any] | None = None,
        max_distance: float = MAX_DISTANCE,
    ) -> TransmigrationPlan:
        """The plan from a text that a run scores; the verdict is not kept in the history.

        Raises InputError for a text that cannot be scored, NoModelError without a run.
        """
        place_of(to)  # a word that is no place costs no scoring
        concepts = [Concept(id="", text=text)]
        verdict = self._verdicts.validate(concepts, run_id=run_id, thresholds=thresholds, keep=False)[0]
        return plan_from_verdict(verdict.to_dict(), to, max_distance=max_distance)

    def word_edits(
        self,
        plan: TransmigrationPlan,
        *,
        thresholds: dict[str, Any] | None = None,
        budget_s: float = _WORD_SEARCH_S,
        progress: ProgressReporter | None = None,
    ) -> CounterfactualSearch:
        """The fewest word changes after which the run predicts the plan's album; where it has none, its first step's mode.

        Raises InputError for a plan that starts at no text or whose text is there already.
        """
        from rebracket_core.insight.explain import Goal

        if not plan.text:
            raise InputError(
                "Words can be changed in a text alone.",
                expected="a plan that starts at a text",
                found=plan.start,
                hint="start from a text",
            )
        return self._counterfactuals.find(
            plan.text, Goal.parse(_goal(plan)), run_id=plan.run_id, thresholds=thresholds, budget_s=budget_s, progress=progress
        )


@dataclass(frozen=True, slots=True)
class _Start:
    """The name of a start, its text and run where it is a text, and what the plan is made with."""

    name: str
    text: str
    run_id: str
    thresholds: Thresholds
    max_distance: float


def _plan(scores: Rows, to: Place, start: _Start) -> TransmigrationPlan:
    if not start.max_distance > 0:
        raise InputError(
            "The largest distance of a move in one go cannot be used.",
            expected="a number above 0",
            found=str(start.max_distance),
            hint="leave it out for 2.0",
        )
    changes = axis_changes(scores, to)
    way = path(scores, to, thresholds=start.thresholds)
    return TransmigrationPlan(
        start=start.name,
        text=start.text,
        run_id=start.run_id,
        scores=tuple(change.before for change in changes),
        to=to,
        changes=changes,
        way=way,
        states=tuple(_state(step.scores, start.thresholds) for step in way.steps),
        edits=minimal_edits(scores, to, thresholds=start.thresholds) if start.text else (),
        max_distance=start.max_distance,
    )


def _state(scores: tuple[tuple[float, float, float], ...], thresholds: Thresholds) -> IntermediateState:
    apart = distances(scores)
    nearest = min(apart, key=apart.__getitem__)
    return IntermediateState(scores, mode_name(axis_states(scores, thresholds=thresholds)), nearest, apart[nearest])


def _goal(plan: TransmigrationPlan) -> str:
    if plan.to.album is not None:
        return f"album={plan.to.album}"
    for axis in plan.order:
        if len(plan.to.modes[axis]) == 1:
            return f"{axis}={next(iter(plan.to.modes[axis]))}"
    raise InputError(
        "No single mode can be searched for.",
        expected="an album, or a triple with one mode on an axis that must change",
        found=plan.to.name,
        hint="choose another end",
    )


def _change(one: AxisChange) -> dict[str, Any]:
    vector = {mode: _rounded(value) for mode, value in zip(MODES[one.axis], one.vector, strict=True)}
    return {"axis": one.axis, "rank": one.rank, "size": _rounded(one.size), "direction": one.direction, "vector": vector}


def _by_axis(scores: Rows) -> dict[str, dict[str, float]]:
    return {axis: dict(zip(MODES[axis], map(_rounded, row), strict=True)) for axis, row in zip(AXIS_NAMES, scores, strict=True)}


def _rounded(value: float) -> float:
    return round(value, _DIGITS) + 0.0
