"""How an encoder learns: the loss of its steps, and after each epoch the loss on the validation groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rebracket_core.charts.training.lines import Curves, Line, Plot, Weight

Point = Mapping[str, Any]
_NAMES = {"final": "the final encoder", "fold": "fold", "without": "without source"}


def finetunings(points: Sequence[Point]) -> dict[str, list[Point]]:
    """A training's name → its points by rising step, in the order in which the trainings began.

    Where a later attempt told a step again, its word counts. Points that are of no encoder's training are left out.
    """
    found: dict[str, dict[tuple[int, bool], Point]] = {}
    for point in points:
        if (
            point.get("tuning")
            and _finite(point.get("step"))
            and (_has_value(point, "tuning_loss") or _has_value(point, "held_loss"))
        ):
            found.setdefault(str(point["tuning"]), {})[int(point["step"]), _has_value(point, "held_loss")] = point
    return {name: [line[at] for at in sorted(line)] for name, line in found.items()}


def finetuning_curves(points: Sequence[Point]) -> Curves:
    """The loss over steps of the encoder that learns now, earlier ones thin, and its validation loss after each epoch.

    `points` as `CurveCallback.point` takes them: `tuning`, `step`, and `tuning_loss` or `held_loss`.
    """
    found = finetunings(points)
    newest = list(found)[-1] if found else ""
    lines = [
        _line(result, "tuning_loss", name=_shown(name), weight=Weight.NOW if name == newest else Weight.BEFORE)
        for name, result in found.items()
    ]
    validation = _line(found.get(newest, ()), "held_loss", name="validation", weight=Weight.VALIDATION)
    last = lines[-1] if lines and lines[-1].y else None
    result = f"; {last.name} is at {last.y[-1]:.3f} after step {last.x[-1]:.0f}" if last else ""
    result += f", validation {validation.y[-1]:.3f}" if validation.y else ""
    return Curves(
        title="Loss while the encoder learns",
        reading="Lower is better. The thick line is the encoder that learns now, thin lines are those before; dots are its "
        "loss on validation groups. Where the dots rise while the line falls, it learns the texts by heart.",
        alt=f"Loss over steps of {len(found)} trainings of an encoder{result}.",
        x="step",
        y="loss",
        plots=(Plot("", (*lines, validation) if validation.y else tuple(lines)),),
    )


def _line(points: Sequence[Point], value: str, *, name: str, weight: Weight) -> Line:
    known = [p for p in points if _has_value(p, value)]
    return Line(name, tuple(float(p["step"]) for p in known), tuple(float(p[value]) for p in known), weight=weight)


def newest_warning(points: Sequence[Point]) -> str:
    """What the encoder's training warns of now, such as unequal gradients; empty where its last word has no warning."""
    steps = [p for line in list(finetunings(points).values())[-1:] for p in line if _has_value(p, "tuning_loss")]
    return str(steps[-1].get("warning", "")) if steps else ""


def _shown(name: str) -> str:
    """A training's name as people count: "fold 1"."""
    kind, _, number = name.partition("-")
    known = _NAMES.get(kind, kind)
    return f"{known} {int(number) + 1}" if number.isdecimal() else known


def _has_value(point: Point, name: str) -> bool:
    return _finite(point.get(name))


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
