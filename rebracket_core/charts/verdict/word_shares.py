"""The share of each word in a margin: bars in the order of the text, with what other methods say as marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, NEUTRAL, OUTLINE
from rebracket_core.charts.layout import EDGE, GUIDE, finish, plain, shorten

_HOVER = "%{y}: %{x:+.3f}<extra>%{fullData.name}</extra>"
_MARKS = ("diamond-open", "circle-open", "x-thin-open")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordShares:
    """The share of each of n words in the margin between two predictions, by one method and by others.

    Args:
        words: the n words in the order of the text.
        shares: (n,) shares by Integrated Gradients, in the unit of the score.
        predicted: what is explained.
        runner_up: what it is held against.
        others: name of another method → its (n,) shares.
    """

    words: Sequence[str]
    shares: Sequence[float]
    predicted: str
    runner_up: str
    others: Mapping[str, Sequence[float]] = field(default_factory=dict)


def word_shares(found: WordShares, *, order: Sequence[int], trusted: bool = True) -> go.Figure:
    """Draw a bar a word (Integrated Gradients), and a mark a word for each other method, by name.

    `order` chooses the words by position, from the top down. Without `trusted` the bars are grey.
    """
    names = [f"{i + 1}. {shorten(found.words[i], limit=18)}" for i in order]
    figure = go.Figure(_bars(found, names, order=order, trusted=trusted))
    for (name, values), symbol in zip(found.others.items(), _MARKS, strict=False):
        figure.add_trace(
            go.Scatter(
                x=[values[i] for i in order],
                y=names,
                mode="markers",
                name=name,
                hovertemplate=_HOVER,
                marker={"symbol": symbol, "size": 9, "color": OUTLINE, "line": {"width": 2, "color": OUTLINE}},
            )
        )
    figure.add_vline(x=0, line=GUIDE)
    legend = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
    figure.update_layout(showlegend=bool(found.others), legend=legend)
    figure.update_xaxes(title="share in the score")
    figure.update_yaxes(autorange="reversed")
    finish(
        figure,
        title=f"{plain(found.predicted)} against {plain(found.runner_up)}",
        height=150 + 26 * max(3, len(names)),
        reading=f"Bars to the right speak for “{found.predicted}”, bars to the left for “{found.runner_up}”."
        + ("" if trusted else " They are grey because a check below fails."),
        alt="Shares: " + ", ".join(f"{found.words[i]} {found.shares[i]:+.2f}" for i in order) + ".",
    )
    return figure.update_layout(margin={"b": 84 if found.others else 44})


def _bars(found: WordShares, names: Sequence[str], *, order: Sequence[int], trusted: bool) -> go.Bar:
    return go.Bar(
        x=[found.shares[i] for i in order],
        y=list(names),
        orientation="h",
        name="Integrated Gradients",
        hovertemplate=_HOVER,
        marker={"color": ALBUM_COLOURS["Violet"] if trusted else NEUTRAL, "line": EDGE},
    )
