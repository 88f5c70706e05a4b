"""The curves of several runs on one another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE
from rebracket_core.charts.layout import finish, plain
from rebracket_core.charts.training.curves import accuracy_so_far, loss_of_folds

Point = Mapping[str, Any]
_COLOURS = tuple(ALBUM_COLOURS[name] for name in ("Violet", "Orange", "Green", "Red", "Blue"))
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def loss_overlay(runs: Mapping[str, Sequence[Point]]) -> go.Figure:
    """One line a run: the validation loss, as the mean over its folds at each step that they reached."""
    lines = {name: _mean_loss(points) for name, points in runs.items()}
    figure = _lines(lines, x_title="step")
    figure.update_yaxes(title="loss")
    result = ", ".join(f"{name} ends at {line[-1][1]:.3f}" for name, line in lines.items() if line)
    return finish(
        figure,
        title="Validation loss",
        height=360,
        reading="Lower is better, where the models learn the same tasks with the same loss; else only the shapes compare.",
        alt=f"Loss over steps: {result or 'no curve was kept'}.",
    )


def accuracy_overlay(runs: Mapping[str, Sequence[Point]]) -> go.Figure:
    """One line a run: album accuracy on the held-out groups so far."""
    lines = {
        name: [(p["n"], p["album"]) for p in accuracy_so_far(points) if _number(p.get("album"))]
        for name, points in runs.items()
    }
    figure = _lines(lines, x_title="texts measured")
    figure.update_yaxes(title="album accuracy", range=[-0.04, 1.08], tickvals=[0, 0.5, 1])
    result = ", ".join(f"{name} {line[-1][1]:.2f}" for name, line in lines.items() if line)
    return finish(
        figure,
        title="Album accuracy so far",
        height=360,
        reading="Each point adds one more fold. Read the differences from the table: these lines were drawn while training, "
        "and have no interval here.",
        alt=f"Album accuracy: {result or 'no curve was kept'}.",
    )


def _mean_loss(points: Sequence[Point]) -> list[tuple[float, float]]:
    at: dict[float, list[float]] = {}
    for line in loss_of_folds(points).values():
        for point in line:
            at.setdefault(point["step"], []).append(float(point["loss"]))
    return [(step, sum(losses) / len(losses)) for step, losses in sorted(at.items())]


def _lines(lines: Mapping[str, Sequence[tuple[float, float]]], *, x_title: str) -> go.Figure:
    figure = go.Figure()
    for k, (name, line) in enumerate((name, line) for name, line in lines.items() if line):
        figure.add_trace(
            go.Scatter(
                x=[x for x, _ in line],
                y=[y for _, y in line],
                mode="lines+markers" if len(line) < 20 else "lines",
                name=plain(name),
                line={"color": _COLOURS[k % len(_COLOURS)], "width": 2.5, "dash": _DASHES[k % len(_DASHES)]},
                marker={"size": 7, "line": {"color": OUTLINE, "width": 1}},
                hovertemplate="%{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_xaxes(title=x_title, rangemode="tozero")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.3, "x": 0})
    return figure


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
