"""The share of each word in a margin, as bars in the order of the text."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from rebracket_core.charts._layout import EDGE, GUIDE, finish, plain, shorten
from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE


def word_shares(
    words: Sequence[str], shares: Sequence[float], *, exact: Sequence[float] | None, predicted: str, runner_up: str
) -> go.Figure:
    """A bar a word (Integrated Gradients), with a diamond where the exact Shapley value stands."""
    at = [f"{i + 1}. {shorten(word, limit=24)}" for i, word in enumerate(words)]
    hover = "%{y}: %{x:+.3f}<extra>%{fullData.name}</extra>"
    figure = go.Figure(go.Bar(
        x=list(shares), y=at, orientation="h", name="Integrated Gradients", hovertemplate=hover,
        marker={"color": ALBUM_COLOURS["Violet"], "line": EDGE},
    ))
    if exact is not None:
        figure.add_trace(go.Scatter(
            x=list(exact), y=at, mode="markers", name="exact Shapley", hovertemplate=hover,
            marker={"symbol": "diamond-open", "size": 11, "color": OUTLINE, "line": {"width": 2, "color": OUTLINE}},
        ))
    figure.add_vline(x=0, line=GUIDE)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.28, "x": 0})
    figure.update_xaxes(title="share in the logit margin")
    figure.update_yaxes(autorange="reversed")
    return finish(
        figure, title=f"{plain(predicted)} rather than {plain(runner_up)}", height=190 + 26 * max(3, len(at)),
        reading=f"Bars to the right speak for {predicted}, bars to the left for {runner_up}."
        + (" Diamonds are exact; where they lie far from the bars, trust the diamonds." if exact is not None else ""),
        alt="Shares: " + ", ".join(f"{w} {s:+.2f}" for w, s in zip(words, shares, strict=True)) + ".",
    )
