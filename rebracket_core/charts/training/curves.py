"""How a training goes: the loss of each fold, and its accuracy on the held-out groups so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rebracket_core.charts.training.lines import Curves, Line, Plot, Weight
from rebracket_core.rainbow import AXIS_NAMES

Point = Mapping[str, Any]
_QUESTIONS = ("album", *AXIS_NAMES)


def loss_of_folds(points: Sequence[Point]) -> dict[str, list[Point]]:
    """Fold as text → the points of its loss curve by rising step, in the order in which the folds were trained.

    A fold that a later attempt trained again shows only its last time. Points without a finite loss are left out.
    """
    folds: dict[str, list[Point]] = {}
    for point in points:
        if not (_finite(point.get("step")) and _finite(point.get("loss"))):
            continue
        name = str(point.get("fold", ""))
        line = folds.pop(name, [])  # put back at the end: the newest fold is the last one
        folds[name] = line if line and point["step"] > line[-1]["step"] else []
        folds[name].append(point)
    return folds


def accuracy_so_far(points: Sequence[Point]) -> list[Point]:
    """The points that say the training's accuracy, by the number of texts measured; of two at one number the last."""
    return [point for _, point in sorted({p["n"]: p for p in points if _finite(p.get("n"))}.items())]


def loss_curves(points: Sequence[Point], *, leaked: bool = False) -> Curves:
    """The loss on rows that a member left out, over steps: the newest fold with its members' range, earlier ones thin.

    `points` as `CurveCallback.point` takes them: `fold`, `step`, `loss`, `loss_low`, `loss_high`.
    """
    folds = loss_of_folds(points)
    newest = list(folds)[-1] if folds else ""
    lines = tuple(_line(line, "loss", x="step", name=_fold(name), banded=name == newest) for name, line in folds.items())
    last = folds[newest][-1] if folds else None
    return Curves(
        title="Validation loss" + (" (leaked)" if leaked else ""),
        reading="Lower is better; a flat line has learned what it can. The thick line is the newest fold and its band the "
        "range of the ensemble; thin lines are the folds before.",
        alt=f"Loss over steps of {len(folds)} folds"
        + (f"; {_fold(newest)} is at {last['loss']:.3f} after step {last['step']}." if last else "."),
        x="step",
        y="loss",
        plots=(Plot("", lines),),
    )


def accuracy_curves(points: Sequence[Point], *, leaked: bool = False) -> Curves:
    """Four small plots, album and axes: accuracy on the held-out groups so far, with its 95 % interval as a band.

    `points` as `CurveCallback.point` takes them after each fold: `n`, and `album`, `album_low`, `album_high`, ...
    `leaked` says in the title that rows of one song stood on both sides of the split.
    """
    points_so_far = accuracy_so_far(points)
    plots, shown = [], []
    for name in _QUESTIONS:
        known = [p for p in points_so_far if _finite(p.get(name))]
        line = _line(known, name, x="n", name=name)
        plots.append(Plot(_head(name, points_so_far), (line,) if known else ()))
        if known:
            shown.append(f"{name} {line.y[-1]:.2f} ({line.low[-1]:.2f} to {line.high[-1]:.2f})")
    return Curves(
        title="Accuracy so far, by memory (leaked)" if leaked else "Accuracy so far on held-out groups",
        reading="The split is by row: texts of one song stood on both sides, so these figures measure memory, not skill."
        if leaked
        else "Each point adds the texts of one more held-out fold, each predicted by a model of the other folds. The band is "
        "the "
        "range that new groups would likely give (95 %): it narrows as more are measured.",
        alt="Accuracy so far: " + (", ".join(shown) or "nothing measured yet") + ".",
        x="texts measured",
        y="accuracy",
        plots=tuple(plots),
        share=True,
    )


def _head(name: str, points_so_far: Sequence[Point]) -> str:
    """The name with its last accuracy, "album 0.62"."""
    shares = [p[name] for p in points_so_far if _finite(p.get(name))]
    return f"{name} {shares[-1]:.2f}" if shares else name


def _line(points: Sequence[Point], value: str, *, x: str, name: str, banded: bool = True) -> Line:
    low, high = (tuple(_side(p, value, side=side) for p in points if banded) for side in ("low", "high"))
    return Line(
        name,
        tuple(float(p[x]) for p in points),
        tuple(float(p[value]) for p in points),
        low=low,
        high=high,
        weight=Weight.NOW if banded else Weight.BEFORE,
    )


def _side(point: Point, name: str, *, side: str) -> float:
    """The `low` or `high` end of a value's interval; the value itself where the point gives none."""
    end = point.get(f"{name}_{side}")
    return float(end) if isinstance(end, int | float) and math.isfinite(end) else float(point[name])


def _fold(name: str) -> str:
    """A fold as people count, from 1; "the training" where there are none."""
    return f"fold {int(name) + 1}" if name.isdecimal() else name or "the training"


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
