"""Does 0.8 mean right four times in five, and how far off would a perfect model look at this many texts?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, GRID, OUTLINE, with_alpha
from rebracket_core.charts.layout import GUIDE, finish, plain


@dataclass(frozen=True, slots=True)
class BandBin:
    """About as many answers as in the others: what was said, what was right with its interval, a perfect model's band."""

    probability: float
    right: float
    low: float | None
    high: float | None
    band_low: float
    band_high: float
    n: int


def reliability_band(
    bins: Sequence[BandBin], *, what: str, error: float, perfect: float, perfect_high: float, leaked: bool = False
) -> go.Figure:
    """The share right over the probability given, whiskers over songs, and the band in which a perfect model would lie."""
    x = [b.probability for b in bins]
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=GUIDE, hoverinfo="skip"))
    colour = ALBUM_COLOURS["Violet"]
    figure.add_trace(
        go.Scatter(
            x=[*x, *reversed(x)],
            y=[*(b.band_high for b in bins), *(b.band_low for b in reversed(bins))],
            mode="lines",
            fill="toself",
            fillcolor=with_alpha(OUTLINE, 0.2),
            line={"color": GRID, "width": 1},
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=x,
            y=[b.right for b in bins],
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"size": 9, "color": colour, "line": {"color": OUTLINE, "width": 1.5}},
            error_y={
                "array": [(b.high - b.right) if b.high is not None else 0 for b in bins],
                "arrayminus": [(b.right - b.low) if b.low is not None else 0 for b in bins],
                "color": OUTLINE,
                "thickness": 1.5,
                "width": 4,
            },
            customdata=[b.n for b in bins],
            hovertemplate="said %{x:.2f}, right %{y:.2f} of %{customdata}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_xaxes(range=[0, 1.02], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1], title="probability that was given")
    figure.update_yaxes(range=[0, 1.05], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1], title="share right")
    return finish(
        figure,
        title=f"Can the probability be trusted? {plain(what).capitalize()}" + (" (leaked)" if leaked else ""),
        height=420,
        reading="Each dot holds about as many texts as the others. Inside the grey band a dot is where a perfect model would "
        f"be at this many texts; below the dashed line the model is too sure. On average the dots are {error:.3f} off; a "
        f"perfect model would be {perfect:.3f} off, and in 95 of 100 cases less than {perfect_high:.3f}.",
        alt=f"Reliability of {what}: "
        + ", ".join(f"said {b.probability:.2f}, right {b.right:.2f} of {b.n}" for b in bins)
        + ".",
    )
