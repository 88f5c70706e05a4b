"""What a search for training options found: its trials one after another, and which options counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE
from rebracket_core.charts.layout import EDGE, finish, plain


def trial_values(trials: Sequence[tuple[int, float]], *, what: str) -> go.Figure:
    """A dot for each trial that went through, (number, value), and a step line of the best so far; lower is better."""
    numbers, values = [n for n, _ in trials], [v for _, v in trials]
    best = [min(values[: i + 1]) for i in range(len(values))]
    figure = go.Figure(
        [
            go.Scatter(x=numbers, y=best, mode="lines", line={"color": OUTLINE, "width": 2, "shape": "hv"}, hoverinfo="skip"),
            go.Scatter(
                x=numbers,
                y=values,
                mode="markers",
                hovertemplate="trial %{x}: %{y:.3f}<extra></extra>",
                marker={"size": 10, "color": ALBUM_COLOURS["Violet"], "line": EDGE},
            ),
        ]
    )
    # Few trials would have ticks between them, each shown as the whole number beside it.
    figure.update_xaxes(title="trial", tickformat="d", **({"dtick": 1} if not numbers or max(numbers) < 9 else {"nticks": 8}))
    figure.update_yaxes(title=plain(what.replace("_", " ")))
    last = f"the best is {min(values):.3f}, at trial {numbers[values.index(min(values))]}" if values else "none went through"
    return finish(
        figure,
        title="The trials",
        height=320,
        reading="Each dot is a trial that went through all folds; lower is better. The line is the best so far: "
        "where it stays flat, more trials bring little.",
        alt=f"{len(values)} trials that went through; {last}.",
    )


def option_importance(shares: Mapping[str, float]) -> go.Figure:
    """A bar for each option: the share of the differences between trials that it explains."""
    names = sorted(shares, key=lambda name: -shares[name])
    figure = go.Figure(
        go.Bar(
            x=[shares[n] for n in names],
            y=[plain(n.replace("_", " ")) for n in names],
            orientation="h",
            cliponaxis=False,
            marker={"color": ALBUM_COLOURS["Violet"], "line": EDGE},
            text=[f"{shares[n]:.0%}" for n in names],
            textposition="outside",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1.15], tickformat=".0%", nticks=5)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    result = ", ".join(f"{n.replace('_', ' ')} {shares[n]:.0%}" for n in names)
    return finish(
        figure,
        title="Which options counted",
        height=130 + 42 * len(names),
        reading="The longer the bar, the more of the differences between the trials comes from that option, "
        "inside the space that was searched. With few trials this is rough.",
        alt=f"Share of the differences between trials: {result}.",
    )
