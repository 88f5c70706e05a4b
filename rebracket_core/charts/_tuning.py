"""How an encoder learns: the loss of its steps, and after each epoch the loss on the groups that were held back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from rebracket_core.charts._layout import EDGE, finish, plain
from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE

Point = Mapping[str, Any]
_LINE, _HELD = ALBUM_COLOURS["Violet"], ALBUM_COLOURS["Orange"]
_NAMES = {"final": "the final encoder", "fold": "fold", "without": "without source"}


def tunings(points: Sequence[Point]) -> dict[str, list[Point]]:
    """A training's name → its points by rising step, in the order in which the trainings began.

    Where a later attempt told a step again, its word counts. Points that are of no encoder's training are left out.
    """
    found: dict[str, dict[tuple[int, bool], Point]] = {}
    for point in points:
        if point.get("tuning") and _finite(point.get("step")) and (_told(point, "tuning_loss") or _told(point, "held_loss")):
            found.setdefault(str(point["tuning"]), {})[int(point["step"]), _told(point, "held_loss")] = point
    return {name: [line[at] for at in sorted(line)] for name, line in found.items()}


def tuning_curves(points: Sequence[Point]) -> go.Figure:
    """The loss over steps of the encoder that learns now, earlier ones thin, and its held-back loss after each epoch.

    `points` as `training.Watch.point` is told them: `tuning`, `step`, and `tuning_loss` or `held_loss`.
    """
    lines = tunings(points)
    figure, newest = go.Figure(), list(lines)[-1] if lines else ""
    for name, line in lines.items():
        steps = [p for p in line if _told(p, "tuning_loss")]
        style = {"color": _LINE, "width": 3} if name == newest else {"color": OUTLINE, "width": 1.2}
        figure.add_trace(go.Scatter(
            x=[p["step"] for p in steps], y=[p["tuning_loss"] for p in steps], mode="lines", name=plain(_shown(name)),
            line=style, hovertemplate="step %{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
        ))
    held = [p for p in lines.get(newest, ()) if _told(p, "held_loss")]
    if held:
        figure.add_trace(go.Scatter(
            x=[p["step"] for p in held], y=[p["held_loss"] for p in held], mode="lines+markers", name="held back",
            line={"color": _HELD, "width": 2, "dash": "dot"}, cliponaxis=False,
            marker={"size": 10, "color": _HELD, "line": EDGE},
            hovertemplate="held back after step %{x}: %{y:.3f}<extra></extra>",
        ))
    figure.update_xaxes(title="step", rangemode="tozero", tickformat="d", nticks=8)
    figure.update_yaxes(title="loss")
    last = next((p for p in reversed(lines.get(newest, [])) if _told(p, "tuning_loss")), None)
    told = f"; {_shown(newest)} is at {last['tuning_loss']:.3f} after step {last['step']}" if last else ""
    told += f", held back {held[-1]['held_loss']:.3f}" if held else ""
    return finish(
        figure, title="Loss while the encoder learns", height=400,
        reading="Lower is better. The thick line is the encoder that learns now, thin lines are those before; dots are its "
        "loss on groups that were held back. Where the dots rise while the line falls, it learns the texts by heart.",
        alt=f"Loss over steps of {len(lines)} trainings of an encoder{told}.",
    )


def newest_warning(points: Sequence[Point]) -> str:
    """What the encoder's training warns of now, such as unequal gradients; empty where its last word has no warning."""
    steps = [p for line in list(tunings(points).values())[-1:] for p in line if _told(p, "tuning_loss")]
    return str(steps[-1].get("warning", "")) if steps else ""


def _shown(name: str) -> str:
    """A training's name as people count: "fold 1"."""
    kind, _, number = name.partition("-")
    known = _NAMES.get(kind, kind)
    return f"{known} {int(number) + 1}" if number.isdecimal() else known


def _told(point: Point, name: str) -> bool:
    return _finite(point.get(name))


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
