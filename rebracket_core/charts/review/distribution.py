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
    what: str = "probability of the predicted album",
    reading: str = "",
) -> go.Figure:
    """Draw stacked counts of probabilities in twenty equal bins, one colour and pattern a group, with the acceptance line.

    Args:
        groups: group name → probabilities between 0 and 1; empty groups are left out, the legend counts the others.
        accept: where the acceptance line stands, None for none.
        title: the title, for other shares than the predicted album's.
        what: the words under the axis.
        reading: how to read it, in place of the usual sentence.
    """
    full = {name: values for name, values in groups.items() if len(values)}
    fills = _FILLS * (1 + len(groups) // len(_FILLS))
    figure = go.Figure(
        [_histogram(name, values, fill) for (name, values), fill in zip(groups.items(), fills, strict=False) if len(values)]
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
        or f"Each column counts the concepts whose predicted album has about that probability; further right is surer.{line}",
        alt=f"{title}, {sum(map(len, full.values()))} texts by {what}: "
        + ", ".join(f"{plain(name)} {len(values)}" for name, values in full.items())
        + ".",
    )


def _histogram(name: str, values: Sequence[float], fill: tuple[str | None, str]) -> go.Bar:
    """The bars of one group; `fill` is the album whose colour it takes, None for the neutral one, and a pattern."""
    album, pattern = fill
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, int(float(value) * _BINS))] += 1
    colour = ALBUM_COLOURS[album] if album else NEUTRAL
    ink = ink_on(colour) if album else EDGE["color"]
    return go.Bar(
        x=[(i + 0.5) / _BINS for i in range(_BINS)],
        y=counts,
        width=1 / _BINS,
        name=f"{plain(name)} ({len(values)})",
        marker={"color": colour, "line": EDGE, "pattern": {"shape": pattern, "size": 6, "solidity": 0.25, "fgcolor": ink}},
        hovertemplate="near %{x:.2f}: %{y}<extra>%{fullData.name}</extra>",
    )
