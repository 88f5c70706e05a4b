"""How far one concept lies from each album."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS
from rebracket_core.charts.layout import EDGE, GUIDE, finish

EASY, HARD = 1.0, 2.0
"""The borders of the three ranges of a move (L2 over the nine scores): easy below 1, hard above 2."""


def effort(distance: float) -> str:
    """The word for a distance: easy (< 1), moderate (1 to 2) or hard (> 2)."""
    if distance < EASY:
        return "easy"
    return "hard" if distance > HARD else "moderate"


def distance_bars(distances: Mapping[str, float]) -> go.Figure:
    """A figure of one bar an album, nearest first, each with its L2 distance and the word for it.

    `distances` is album name → L2 over the nine scores to the album's place; guides stand at 1 and 2.
    """
    order = sorted(distances, key=lambda name: float(distances[name]))
    values = [float(distances[name]) for name in order]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=order,
            orientation="h",
            cliponaxis=False,
            marker={"color": [ALBUM_COLOURS[name] for name in order], "line": EDGE},
            text=[f"{effort(value)} ({value:.2f})" for value in values],
            textposition="outside",
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    for border in (EASY, HARD):
        figure.add_vline(x=border, line=GUIDE, layer="below")
    figure.update_xaxes(range=[0, max([2.5, *values]) * 1.3], tickvals=[0, 1, 2], title="how far, over the nine scores")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    nearest = f"{order[0]} at {values[0]:.2f}" if order else "none"
    return finish(
        figure,
        title="How far to each album",
        height=380,
        reading="The shorter the bar, the less must change: below the first dashed line a move is easy, beyond the "
        "second hard. Turning one axis over costs 1.41.",
        alt=f"How far to each album, nearest {nearest}. "
        + ", ".join(f"{name} {value:.2f}" for name, value in zip(order, values, strict=True))
        + ".",
    )
