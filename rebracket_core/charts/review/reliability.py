"""Does 0.8 mean right four times in five?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rebracket_core.charts.colours import ALBUM_COLOURS, NEUTRAL, OUTLINE
from rebracket_core.charts.layout import EDGE, GUIDE, finish
from rebracket_core.stats.cells import wilson


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One range of probabilities on unseen texts: the mean that was given, the share that was right, and how many."""

    predicted: float
    observed: float
    count: int


def reliability(bins: Sequence[ReliabilityBin], *, ece: float | None = None) -> go.Figure:
    """A curve of the share that was right against the probability that was given, over bars of the counts.

    Empty bins are left out. Whiskers are 95 % Wilson intervals; `ece` is written into the reading sentence.
    """
    full = [b for b in bins if b.count > 0]
    ranges = [wilson(b.observed, b.count) for b in full]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.06)
    figure.add_trace(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=GUIDE, hoverinfo="skip"), row=1, col=1)
    figure.add_trace(
        go.Scatter(
            x=[b.predicted for b in full],
            y=[b.observed for b in full],
            mode="lines+markers+text",
            text=_spaced_counts(full),
            textposition="bottom right",
            cliponaxis=False,
            line={"color": ALBUM_COLOURS["Violet"], "width": 2.5},
            marker={"size": 9, "color": ALBUM_COLOURS["Violet"], "line": {"color": OUTLINE, "width": 1.5}},
            error_y={
                "array": [high - b.observed for b, (_, high) in zip(full, ranges, strict=True)],
                "arrayminus": [b.observed - low for b, (low, _) in zip(full, ranges, strict=True)],
                "color": OUTLINE,
                "thickness": 1.5,
                "width": 4,
            },
            hovertemplate="said %{x:.2f}, right %{y:.2f}<extra></extra>",
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Bar(
            x=[b.predicted for b in full],
            y=[b.count for b in full],
            width=0.02,
            marker={"color": NEUTRAL, "line": EDGE},
            hovertemplate="%{y} texts near %{x:.2f}<extra></extra>",
        ),
        row=2,
        col=1,
    )
    lowest = min([1.0, *(min(b.predicted, low) for b, (low, _) in zip(full, ranges, strict=True))])
    start = max(0.0, math.floor(lowest * 5 - 0.25) / 5)
    figure.update_xaxes(range=[start, 1.04], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    figure.update_xaxes(title="probability that was given", row=2, col=1)
    figure.update_yaxes(range=[start, 1.05], title="share right", row=1, col=1)
    figure.update_yaxes(title="texts", row=2, col=1, rangemode="tozero")
    gap = f" On average the curve is {ece:.3f} away from the line." if ece is not None else ""
    return finish(
        figure,
        title="Can the probability be trusted?",
        height=460,
        reading="On the dashed line a probability means what it says; below it the model is too sure, above it too "
        f"modest. Whiskers show what the number of texts (n) can tell.{gap}",
        alt="Reliability: " + ", ".join(f"said {b.predicted:.2f}, right {b.observed:.2f} of {b.count}" for b in full) + ".",
    )


def _spaced_counts(bins: Sequence[ReliabilityBin]) -> list[str]:
    """The count of each bin in words, "" where it would lie on the one before; the bars below hold all of them."""
    words, last = [], -1.0
    for b in bins:
        words.append(f"n={b.count}" if b.predicted - last >= 0.1 else "")
        last = b.predicted if words[-1] else last
    return words
