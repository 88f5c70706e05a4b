"""Attention from word to word as a grid: where an encoder looked."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, GRID, with_alpha
from rebracket_core.charts.layout import finish, shorten


def attention_grid(words: Sequence[str], grid: Sequence[Sequence[float]], *, what: str) -> go.Figure:
    """A square for each pair of words: the row looks at the column. `what` says which layer and head."""
    at = [f"{i + 1}. {shorten(word, limit=14)}" for i, word in enumerate(words)]
    violet = ALBUM_COLOURS["Violet"]
    figure = go.Figure(
        go.Heatmap(
            z=[list(row) for row in grid],
            x=at,
            y=at,
            colorscale=[[0, with_alpha(violet, 0.0)], [1, violet]],
            zmin=0.0,
            xgap=1,
            ygap=1,
            hovertemplate="%{y} looks at %{x}: %{z:.3f}<extra></extra>",
            colorbar={"title": {"text": "weight"}, "thickness": 10, "outlinecolor": GRID},
        )
    )
    figure.update_yaxes(autorange="reversed", title="looks")
    figure.update_xaxes(title="is looked at", tickangle=-60)
    totals = [sum(row[j] for row in grid) / max(1, len(grid)) for j in range(len(at))]
    most = sorted(range(len(at)), key=lambda j: -totals[j])[:5]
    return finish(
        figure,
        title=f"Where the encoder looked: {what}",
        height=220 + 20 * max(6, len(at)),
        reading="A row is a word, a column what it looks at; the stronger the colour, the more. This shows the way of "
        "information, not why the model predicts as it does.",
        alt="Looked at most: " + ", ".join(f"{words[j]} {totals[j]:.2f}" for j in most) + ".",
    )
