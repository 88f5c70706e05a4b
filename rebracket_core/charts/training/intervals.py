"""Scores with their intervals, beside the simple rules that they must beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE
from rebracket_core.charts.layout import finish, plain

_BASELINE_MARKS = (("majority", "line-ns-open"), ("lookup", "diamond-open"), ("tfidf_lr", "x-thin-open"))
_BASELINE_NAMES = {"majority": "commonest label", "lookup": "lookup of seen texts", "tfidf_lr": "word counts (TF-IDF)"}


@dataclass(frozen=True, slots=True)
class Score:
    """One accuracy with its 95 % interval, the rows it rests on, and what the simple rules reach (None: unknown)."""

    name: str
    accuracy: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    majority: float | None = None
    lookup: float | None = None
    tfidf_lr: float | None = None


def score_intervals(scores: Sequence[Score], *, title: str = "Accuracy", leaked: bool = False) -> go.Figure:
    """Draw a dot a score with its interval as a whisker, and an open mark for each simple rule, on an axis from 0 to 1.

    `leaked` says in the title that rows of one song stood on both sides of the split.
    """
    names = [plain(score.name) for score in scores]
    figure = go.Figure([trace for mark in _BASELINE_MARKS if (trace := _baseline(scores, names, mark)) is not None])
    figure.add_trace(_model(scores, names))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.25, "x": 0})
    figure.update_xaxes(range=[0, 1.03], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    figure.update_yaxes(autorange="reversed")
    alt = ", ".join(
        f"{s.name} {s.accuracy:.2f}" + (f" ({s.low:.2f} to {s.high:.2f})" if s.low is not None and s.high is not None else "")
        for s in scores
    )
    return finish(
        figure,
        title=title + (" (leaked)" if leaked else ""),
        height=200 + 46 * len(scores),
        reading="The filled dot is the accuracy and its whisker the range that new songs would likely give (95 %); "
        "open marks are simple rules. A whisker that reaches an open mark is no proven gain.",
        alt=f"Accuracy: {alt}.",
    )


def _baseline(scores: Sequence[Score], names: Sequence[str], mark: tuple[str, str]) -> go.Scatter | None:
    """The open marks of one simple rule; None where nothing is known of it."""
    field, symbol = mark
    found = [(getattr(score, field), name) for score, name in zip(scores, names, strict=True)]
    known = [(value, name) for value, name in found if value is not None]
    if not known:
        return None
    return go.Scatter(
        x=[value for value, _ in known],
        y=[name for _, name in known],
        mode="markers",
        name=_BASELINE_NAMES[field],
        marker={"symbol": symbol, "size": 12, "color": OUTLINE, "line": {"width": 2.5, "color": OUTLINE}},
        hovertemplate="%{x:.3f}<extra>%{fullData.name}</extra>",
    )


def _model(scores: Sequence[Score], names: Sequence[str]) -> go.Scatter:
    return go.Scatter(
        x=[s.accuracy for s in scores],
        y=list(names),
        mode="markers+text",
        name="the model",
        text=[f"{s.accuracy:.2f}" for s in scores],
        textposition="top center",
        cliponaxis=False,
        marker={"size": 13, "color": ALBUM_COLOURS["Violet"], "line": {"color": OUTLINE, "width": 1.5}},
        error_x={
            "array": [(s.high - s.accuracy) if s.high is not None else 0 for s in scores],
            "arrayminus": [(s.accuracy - s.low) if s.low is not None else 0 for s in scores],
            "color": OUTLINE,
            "thickness": 2,
            "width": 6,
        },
        hovertemplate="%{x:.3f}<extra>the model</extra>",
    )
