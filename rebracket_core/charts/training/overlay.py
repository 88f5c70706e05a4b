"""The curves of several runs on one another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE
from rebracket_core.charts.layout import finish, plain
from rebracket_core.charts.training.curves import loss_of_folds, right_so_far

Point = Mapping[str, Any]
_COLOURS = tuple(ALBUM_COLOURS[name] for name in ("Violet", "Orange", "Green", "Red", "Blue"))
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def loss_overlay(runs: Mapping[str, Sequence[Point]]) -> go.Figure:
    """One line a run: the loss on what was left out, as the mean over its folds at each step that they reached."""
    lines = {name: _mean_loss(points) for name, points in runs.items()}
    figure = _lines(lines, x_title="step")
    figure.update_yaxes(title="loss")
    told = ", ".join(f"{name} ends at {line[-1][1]:.3f}" for name, line in lines.items() if line)
    return finish(
        figure,
        title="Loss on what was left out",
        height=360,
        reading="Lower is better, where the runs learn the same questions with the same loss; else only the shapes compare.",
        alt=f"Loss over steps: {told or 'no curve was kept'}.",
    )


def right_overlay(runs: Mapping[str, Sequence[Point]]) -> go.Figure:
    """One line a run: how often the album is right on the unseen groups asked so far."""
    lines = {
        name: [(p["n"], p["album"]) for p in right_so_far(points) if _number(p.get("album"))] for name, points in runs.items()
    }
    figure = _lines(lines, x_title="texts asked")
    figure.update_yaxes(title="album right", range=[-0.04, 1.08], tickvals=[0, 0.5, 1])
    told = ", ".join(f"{name} {line[-1][1]:.2f}" for name, line in lines.items() if line)
    return finish(
        figure,
        title="Album right so far",
        height=360,
        reading="Each point adds one more fold. Read the differences from the table: these lines were drawn while training, "
        "and have no interval here.",
        alt=f"Share of albums right: {told or 'no curve was kept'}.",
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
