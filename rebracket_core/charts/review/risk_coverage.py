"""How often the surest predictions are wrong, and where the gate stands on that curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE
from rebracket_core.charts.layout import finish, plain


@dataclass(frozen=True, slots=True)
class Curve:
    """A named curve of the share wrong over the share accepted, both (m,); `threshold` hovers over each point."""

    name: str
    coverage: Sequence[float]
    risk: Sequence[float]
    threshold: Sequence[float]


@dataclass(frozen=True, slots=True)
class Point:
    """A named place on the plot: the share accepted and the share wrong of it, with the interval of the latter."""

    name: str
    coverage: float
    risk: float
    low: float | None = None
    high: float | None = None


_STYLES = (("Violet", "solid"), ("Green", "dash"), ("Orange", "dot"))
_MARKS = ("diamond", "star", "cross")


def risk_coverage_curve(
    curves: Sequence[Curve], *, points: Sequence[Point] = (), overall: float | None = None, leaked: bool = False
) -> go.Figure:
    """Draw the curves with the points on them; `overall` is the share wrong when everything is accepted."""
    figure = go.Figure([_line(curve, style) for curve, style in zip(curves, _STYLES, strict=False)])
    figure.add_traces([_mark(point, symbol) for point, symbol in zip(points, _MARKS, strict=False)])
    if overall is not None:
        figure.add_hline(y=overall, line={"color": OUTLINE, "width": 1.2, "dash": "dash"})
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.25, "x": 0})
    figure.update_xaxes(range=[0, 1.02], title="share of texts accepted", tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    figure.update_yaxes(title="share of these wrong", rangemode="tozero")
    named = ", ".join(f"{p.name} accepts {p.coverage:.2f}, wrong {p.risk:.2f}" for p in points)
    return finish(
        figure,
        title="Accuracy when only the surest are accepted" + (" (leaked)" if leaked else ""),
        height=440,
        reading="To the left only the surest texts are accepted. A curve that falls to the left knows when it is right; the "
        "dashed line is where one lies that does not. The marks are gates, with whiskers over songs; a gate is measured on all "
        "texts, and one that is known to have no album counts as wrong where it is accepted.",
        alt=f"Share wrong over share accepted. {named}.",
    )


def _line(curve: Curve, style: tuple[str, str]) -> go.Scatter:
    album, dash = style
    return go.Scatter(
        x=list(curve.coverage),
        y=list(curve.risk),
        mode="lines",
        name=plain(curve.name),
        line={"color": ALBUM_COLOURS[album], "width": 2.5, "dash": dash},
        customdata=list(curve.threshold),
        hovertemplate="accepted %{x:.2f}, wrong %{y:.3f}, from %{customdata:.2f} on<extra>%{fullData.name}</extra>",
    )


def _mark(point: Point, symbol: str) -> go.Scatter:
    whisker = None
    if point.low is not None and point.high is not None:
        whisker = {
            "array": [point.high - point.risk],
            "arrayminus": [point.risk - point.low],
            "color": OUTLINE,
            "thickness": 1.5,
        }
    return go.Scatter(
        x=[point.coverage],
        y=[point.risk],
        mode="markers",
        name=plain(point.name),
        marker={"symbol": symbol, "size": 14, "color": ALBUM_COLOURS["Orange"], "line": {"color": OUTLINE, "width": 2}},
        error_y=whisker,
        hovertemplate="accepted %{x:.2f}, wrong %{y:.3f}<extra>%{fullData.name}</extra>",
    )
