"""How a training goes: the loss of each fold, and how often it is right on the groups asked so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rebracket_core.charts._layout import finish, plain
from rebracket_core.charts.colours import ALBUM_COLOURS, GRID, OUTLINE, with_alpha
from rebracket_core.rainbow import AXIS_NAMES

Point = Mapping[str, Any]
_LINE = ALBUM_COLOURS["Violet"]
_BAND = with_alpha(_LINE, 0.28)
_ASKED = ("album", *AXIS_NAMES)


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


def right_so_far(points: Sequence[Point]) -> list[Point]:
    """The points that say how often the training is right, by the number of texts asked; of two at one number the last."""
    return [point for _, point in sorted({p["n"]: p for p in points if _finite(p.get("n"))}.items())]


def loss_curves(points: Sequence[Point], *, leaked: bool = False) -> go.Figure:
    """The loss on rows that a member left out, over steps: the newest fold with its members' range, earlier ones thin.

    `points` as `training.Watch.point` is told them: `fold`, `step`, `loss`, `loss_low`, `loss_high`.
    """
    folds = loss_of_folds(points)
    figure = go.Figure()
    for name in list(folds)[:-1]:
        figure.add_trace(_loss_line(folds[name], name=_fold(name), line={"color": OUTLINE, "width": 1.2}))
    newest = list(folds)[-1] if folds else ""
    if folds:
        x = [p["step"] for p in folds[newest]]
        _add_band(
            figure,
            x=x,
            low=[_side(p, "loss", side="low") for p in folds[newest]],
            high=[_side(p, "loss", side="high") for p in folds[newest]],
        )
        figure.add_trace(_loss_line(folds[newest], name=_fold(newest), line={"color": _LINE, "width": 3}))
    figure.update_xaxes(title="step", rangemode="tozero")
    figure.update_yaxes(title="loss")
    last = folds[newest][-1] if folds else None
    return finish(
        figure,
        title="Loss on what was left out" + (" (leaked)" if leaked else ""),
        height=400,
        reading="Lower is better; a flat line has learned what it can. The thick line is the newest fold and its band the "
        "range of the ensemble's members; thin lines are the folds before.",
        alt=f"Loss over steps of {len(folds)} folds"
        + (f"; {_fold(newest)} is at {last['loss']:.3f} after step {last['step']}." if last else "."),
    )


def right_curves(points: Sequence[Point], *, leaked: bool = False) -> go.Figure:
    """Four small plots, album and axes: the share right on the groups asked so far, with its 95 % interval as a band.

    `points` as `training.Watch.point` is told them after each fold: `n`, and `album`, `album_low`, `album_high`, ...
    `leaked` says in the title that rows of one song stood on both sides of the split.
    """
    asked = right_so_far(points)
    heads = [_head(name, asked) for name in _ASKED]
    figure = make_subplots(
        rows=2, cols=2, shared_xaxes=True, shared_yaxes=True, vertical_spacing=0.2, subplot_titles=heads
    )
    figure.update_annotations(font={"size": 13})
    told = []
    for i, name in enumerate(_ASKED):
        known = [p for p in asked if _finite(p.get(name))]
        if known:
            _add_share(figure, known, name=name, row=i // 2 + 1, col=i % 2 + 1)
            last = known[-1]
            low, high = (_side(last, name, side=side) for side in ("low", "high"))
            told.append(f"{name} {last[name]:.2f} ({low:.2f} to {high:.2f})")
    figure.update_xaxes(rangemode="tozero", nticks=5)
    figure.update_xaxes(title="texts asked", row=2)
    figure.update_yaxes(range=[-0.04, 1.08], tickvals=[0, 0.5, 1])
    figure.update_yaxes(title="share right", col=1)
    figure = finish(
        figure,
        title="Right so far, by memory (leaked)" if leaked else "Right so far on unseen groups",
        height=400,
        reading="The split is by row: texts of one song stood on both sides, so these shares measure memory, not skill."
        if leaked
        else "Each point adds the texts of one more fold, asked of a model that had not met their groups. The band is the "
        "range that new groups would likely give (95 %): it narrows as more are asked.",
        alt="Share right so far: " + (", ".join(told) or "nothing asked yet") + ".",
    )
    return figure.update_layout(margin={"t": 72})


def _head(name: str, asked: Sequence[Point]) -> str:
    """The name with its last share, "album 0.62"."""
    shares = [p[name] for p in asked if _finite(p.get(name))]
    return f"{name} {shares[-1]:.2f}" if shares else name


def _add_share(figure: go.Figure, points: Sequence[Point], *, name: str, row: int, col: int) -> None:
    x, y = [p["n"] for p in points], [p[name] for p in points]
    low, high = ([_side(p, name, side=side) for p in points] for side in ("low", "high"))
    _add_band(figure, x=x, low=low, high=high, row=row, col=col)
    only = {  # a band needs two points
        "array": [h - v for h, v in zip(high, y, strict=True)],
        "arrayminus": [v - b for b, v in zip(low, y, strict=True)],
        "color": OUTLINE,
        "thickness": 1.2,
        "width": 3,
    }
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines+markers",
            name=name,
            cliponaxis=False,
            line={"color": _LINE, "width": 2.5},
            marker={"size": 7, "color": _LINE, "line": {"color": OUTLINE, "width": 1}},
            error_y=only if len(points) == 1 else None,
            hovertemplate=f"{plain(name)} %{{y:.2f}} of %{{x}} texts<extra></extra>",
        ),
        row=row,
        col=col,
    )


def _add_band(
    figure: go.Figure,
    *,
    x: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    row: int | None = None,
    col: int | None = None,
) -> None:
    """Fill between `low` and `high`, with a thin edge so that it shows on light and on dark."""
    figure.add_trace(
        go.Scatter(
            x=[*x, *reversed(x)],
            y=[*high, *reversed(low)],
            mode="lines",
            fill="toself",
            fillcolor=_BAND,
            line={"color": GRID, "width": 1},
            hoverinfo="skip",
        ),
        row=row,
        col=col,
    )


def _loss_line(points: Sequence[Point], *, name: str, line: Mapping[str, Any]) -> go.Scatter:
    return go.Scatter(
        x=[p["step"] for p in points],
        y=[p["loss"] for p in points],
        mode="lines",
        name=plain(name),
        line=line,
        hovertemplate="step %{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
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
