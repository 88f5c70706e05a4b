"""How sure the model was over many concepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, NEUTRAL, ink_on
from rebracket_core.charts.layout import EDGE, GUIDE, finish, plain

_BINS = 20
_FILLS = (("Green", ""), ("Violet", "/"), ("Indigo", "x"), (None, "."), ("Orange", "\\"), ("Blue", "-"))


def probability_distribution(
    groups: Mapping[str, Sequence[float]],
    *,
    accept: float | None = None,
    title: str = "How sure the model is",
    what: str = "probability of the first album",
    reading: str = "",
) -> go.Figure:
    """Stacked counts of probabilities in twenty equal bins, one colour and pattern a group, with the acceptance line.

    `groups` is group name → probabilities between 0 and 1; empty groups are left out. The legend names each group
    with its count. `title`, `what` (under the axis) and `reading` say it for other shares than the first album's.
    """
    figure, total = go.Figure(), 0
    for (name, values), (album, pattern) in zip(groups.items(), _FILLS * (1 + len(groups) // len(_FILLS)), strict=False):
        if not len(values):
            continue
        counts = [0] * _BINS
        for value in values:
            counts[min(_BINS - 1, int(float(value) * _BINS))] += 1
        total += len(values)
        fill = ALBUM_COLOURS[album] if album else NEUTRAL
        figure.add_trace(
            go.Bar(
                x=[(i + 0.5) / _BINS for i in range(_BINS)],
                y=counts,
                width=1 / _BINS,
                name=f"{plain(name)} ({len(values)})",
                marker={
                    "color": fill,
                    "line": EDGE,
                    "pattern": {
                        "shape": pattern,
                        "size": 6,
                        "solidity": 0.25,
                        "fgcolor": ink_on(fill) if album else EDGE["color"],
                    },
                },
                hovertemplate="near %{x:.2f}: %{y}<extra>%{fullData.name}</extra>",
            )
        )
    if accept is not None:
        figure.add_vline(x=accept, line=GUIDE)
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": -0.28, "x": 0})
    figure.update_xaxes(range=[0, 1], title=what, tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    tallest = max([0, *(sum(column) for column in zip(*(trace.y for trace in figure.data), strict=True))])
    figure.update_yaxes(title="concepts", rangemode="tozero", dtick=1 if tallest <= 6 else None)
    line = f" The dashed line, {accept:.2f}, is where acceptance begins." if accept is not None else ""
    return finish(
        figure,
        title=title,
        height=360,
        reading=reading
        or f"Each column counts the concepts whose first album has about that probability; further right is surer.{line}",
        alt=f"{title}, {total} texts by {what}: "
        + ", ".join(f"{plain(name)} {len(values)}" for name, values in groups.items() if len(values))
        + ".",
    )
