"""A concept's way to an album: on one axis, where it stands and where its step leads."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, ALBUM_SYMBOLS, GRID, OUTLINE
from rebracket_core.charts.layout import finish
from rebracket_core.rainbow import MODES


def path_ternary(
    axis: str, here: Sequence[float], *, album: str, target: Sequence[float], step: int | None, distance: float
) -> go.Figure:
    """The triangle of an axis with the concept's shares `here`, and a line to the album's `target` (shares in mode order).

    `step` is the number of the step that moves this axis, None where it is there already; `distance` how long it is.
    """
    first, second, third = MODES[axis]
    figure = go.Figure()
    if step is not None:
        a, b, c = zip(here, target, strict=True)
        figure.add_trace(
            go.Scatterternary(
                a=a,
                b=b,
                c=c,
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
                line={"color": OUTLINE, "width": 3, "dash": "dot"},
            )
        )
    marks = [("the concept", here, "circle", OUTLINE)]
    marks += [(album, target, ALBUM_SYMBOLS[album], ALBUM_COLOURS[album])] if step is not None else []
    for name, at, symbol, colour in marks:
        figure.add_trace(
            go.Scatterternary(
                a=[at[0]],
                b=[at[1]],
                c=[at[2]],
                mode="markers",
                name=name,
                cliponaxis=False,
                marker={"size": 14, "color": colour, "symbol": symbol, "line": {"color": OUTLINE, "width": 1.5}},
                hovertemplate=f"{first} %{{a:.2f}} · {second} %{{b:.2f}} · {third} %{{c:.2f}}<extra>{name}</extra>",
            )
        )
    corner = {"gridcolor": GRID, "linecolor": OUTLINE, "tickvals": [0.2, 0.4, 0.6, 0.8], "showticklabels": False, "ticks": ""}
    sides = zip(("aaxis", "baxis", "caxis"), (first, second, third), strict=True)
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": -0.1},
        ternary={"sum": 1, "bgcolor": "rgba(0,0,0,0)", **{side: {**corner, "title": {"text": mode}} for side, mode in sides}},
    )
    title = f"Step {step}: {axis}, {distance:.2f}" if step is not None else f"{axis}: nothing to do"
    told = f"from {_shares(axis, here)} to {_shares(axis, target)}, {distance:.2f} away" if step is not None else "it is there"
    figure = finish(
        figure,
        title=title,
        height=300,
        reading=f"From the round mark to the {album} mark: {told}." if step is not None else f"It agrees with {album} already.",
        alt=f"The {axis} axis: {told}.",
    )
    return figure.update_layout(margin={"l": 30, "r": 30, "t": 60, "b": 10})


def _shares(axis: str, shares: Sequence[float]) -> str:
    return ", ".join(f"{mode} {share:.2f}" for mode, share in zip(MODES[axis], shares, strict=True))
