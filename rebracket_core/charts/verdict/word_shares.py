"""The share of each word in a margin: bars in the order of the text, with what other methods say as marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, NEUTRAL, OUTLINE
from rebracket_core.charts.layout import EDGE, GUIDE, finish, plain, shorten

_MARKS = ("diamond-open", "circle-open", "x-thin-open")


def word_shares(
    words: Sequence[str],
    shares: Sequence[float],
    *,
    others: Mapping[str, Sequence[float]],
    predicted: str,
    runner_up: str,
    order: Sequence[int],
    trusted: bool = True,
) -> go.Figure:
    """A bar a word (Integrated Gradients), and a mark a word for each other method, by name.

    `order` chooses the words by position, from the top down. Without `trusted` the bars are grey.
    """
    at = [f"{i + 1}. {shorten(words[i], limit=18)}" for i in order]
    hover = "%{y}: %{x:+.3f}<extra>%{fullData.name}</extra>"
    figure = go.Figure(
        go.Bar(
            x=[shares[i] for i in order],
            y=at,
            orientation="h",
            name="Integrated Gradients",
            hovertemplate=hover,
            marker={"color": ALBUM_COLOURS["Violet"] if trusted else NEUTRAL, "line": EDGE},
        )
    )
    for (name, values), mark in zip(others.items(), _MARKS, strict=False):
        figure.add_trace(
            go.Scatter(
                x=[values[i] for i in order],
                y=at,
                mode="markers",
                name=name,
                hovertemplate=hover,
                marker={"symbol": mark, "size": 9, "color": OUTLINE, "line": {"width": 2, "color": OUTLINE}},
            )
        )
    figure.add_vline(x=0, line=GUIDE)
    height = 150 + 26 * max(3, len(at))
    figure.update_layout(
        showlegend=bool(others), legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
    )
    figure.update_xaxes(title="share in the margin, in logits")
    figure.update_yaxes(autorange="reversed")
    finish(
        figure,
        title=f"{plain(predicted)} against {plain(runner_up)}",
        height=height,
        reading=f"Bars to the right speak for “{predicted}”, bars to the left for “{runner_up}”."
        + ("" if trusted else " They are grey because a check below fails."),
        alt="Shares: " + ", ".join(f"{words[i]} {shares[i]:+.2f}" for i in order) + ".",
    )
    figure.update_layout(margin={"b": 84 if others else 44})
    return figure
