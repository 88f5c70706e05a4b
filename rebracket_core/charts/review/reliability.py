"""Reliability diagrams: does a probability of 0.8 mean right four times in five?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rebracket_core.charts.colours import ALBUM_COLOURS, GRID, NEUTRAL, OUTLINE, with_alpha
from rebracket_core.charts.layout import EDGE, GUIDE, finish, plain
from rebracket_core.stats import wilson

_COLOUR = ALBUM_COLOURS["Violet"]
_TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]
_TITLE = "Reliability diagram (calibration)"


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One range of probabilities on held-out texts: the mean that was predicted, the accuracy, and how many."""

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, slots=True)
class BandBin:
    """About as many predictions as in the others: mean probability, accuracy with its interval, what chance alone allows."""

    probability: float
    accuracy: float
    low: float | None
    high: float | None
    band_low: float
    band_high: float
    n: int


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """The calibration error (ECE) beside what a perfectly calibrated model shows by chance: the mean, and 95 of 100 below."""

    error: float
    by_chance: float
    by_chance_high: float


def reliability_curve(bins: Sequence[ReliabilityBin], *, ece: float | None = None) -> go.Figure:
    """Draw accuracy against predicted probability, over bars of the counts.

    Empty bins are left out. Whiskers are 95 % Wilson intervals; `ece` is written into the reading sentence.
    """
    full = [b for b in bins if b.count > 0]
    ranges = [wilson(b.observed, b.count) for b in full]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.06)
    figure.add_trace(_diagonal(), row=1, col=1)
    figure.add_trace(_curve(full, ranges), row=1, col=1)
    figure.add_trace(_count_bars(full), row=2, col=1)
    lowest = min([1.0, *(min(b.predicted, low) for b, (low, _) in zip(full, ranges, strict=True))])
    start = max(0.0, math.floor(lowest * 5 - 0.25) / 5)
    figure.update_xaxes(range=[start, 1.04], tickvals=_TICKS)
    figure.update_xaxes(title="predicted probability", row=2, col=1)
    figure.update_yaxes(range=[start, 1.05], title="accuracy", row=1, col=1)
    figure.update_yaxes(title="texts", row=2, col=1, rangemode="tozero")
    gap = f" The calibration error (ECE) is {ece:.3f}." if ece is not None else ""
    return finish(
        figure,
        title=_TITLE,
        height=460,
        reading="On the dashed line a probability means what it says; below it the model is too sure, above it too "
        f"modest. Whiskers show what the number of texts (n) can tell.{gap}",
        alt="Reliability: " + ", ".join(f"{b.predicted:.2f} predicted, {b.observed:.2f} of {b.count}" for b in full) + ".",
    )


def _diagonal() -> go.Scatter:
    return go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=GUIDE, hoverinfo="skip")


def _curve(bins: Sequence[ReliabilityBin], ranges: Sequence[tuple[float, float]]) -> go.Scatter:
    return go.Scatter(
        x=[b.predicted for b in bins],
        y=[b.observed for b in bins],
        mode="lines+markers+text",
        text=_spaced_counts(bins),
        textposition="bottom right",
        cliponaxis=False,
        line={"color": _COLOUR, "width": 2.5},
        marker={"size": 9, "color": _COLOUR, "line": {"color": OUTLINE, "width": 1.5}},
        error_y={
            "array": [high - b.observed for b, (_, high) in zip(bins, ranges, strict=True)],
            "arrayminus": [b.observed - low for b, (low, _) in zip(bins, ranges, strict=True)],
            "color": OUTLINE,
            "thickness": 1.5,
            "width": 4,
        },
        hovertemplate="predicted %{x:.2f}, accuracy %{y:.2f}<extra></extra>",
    )


def _count_bars(bins: Sequence[ReliabilityBin]) -> go.Bar:
    return go.Bar(
        x=[b.predicted for b in bins],
        y=[b.count for b in bins],
        width=0.02,
        marker={"color": NEUTRAL, "line": EDGE},
        hovertemplate="%{y} texts near %{x:.2f}<extra></extra>",
    )


def _spaced_counts(bins: Sequence[ReliabilityBin]) -> list[str]:
    """The count of each bin in words, "" where it would lie on the one before; the bars below hold all of them."""
    words, last = [], -1.0
    for b in bins:
        words.append(f"n={b.count}" if b.predicted - last >= 0.1 else "")
        last = b.predicted if words[-1] else last
    return words


def reliability_band(bins: Sequence[BandBin], *, what: str, found: CalibrationError, leaked: bool = False) -> go.Figure:
    """Draw accuracy over predicted probability with whiskers over songs, and the band that chance alone allows.

    The band is where a perfectly calibrated model would lie in 95 of 100 samples of this size.
    """
    figure = go.Figure([_diagonal(), _band(bins), _points(bins)])
    figure.update_xaxes(range=[0, 1.02], tickvals=_TICKS, title="predicted probability")
    figure.update_yaxes(range=[0, 1.05], tickvals=_TICKS, title="accuracy")
    return finish(
        figure,
        title=f"{_TITLE}: {plain(what)}" + (" (leaked)" if leaked else ""),
        height=420,
        reading="Each dot holds about as many texts as the others. Inside the grey band a dot is where a perfectly calibrated "
        f"model would be by chance; below the dashed line the model is too sure. The calibration error (ECE) is "
        f"{found.error:.3f}; expected by chance is {found.by_chance:.3f}, and in 95 of 100 cases less than "
        f"{found.by_chance_high:.3f}.",
        alt=f"Reliability of {what}: "
        + ", ".join(f"{b.probability:.2f} predicted, {b.accuracy:.2f} of {b.n}" for b in bins)
        + ".",
    )


def _band(bins: Sequence[BandBin]) -> go.Scatter:
    x = [b.probability for b in bins]
    return go.Scatter(
        x=[*x, *reversed(x)],
        y=[*(b.band_high for b in bins), *(b.band_low for b in reversed(bins))],
        mode="lines",
        fill="toself",
        fillcolor=with_alpha(OUTLINE, 0.2),
        line={"color": GRID, "width": 1},
        hoverinfo="skip",
    )


def _points(bins: Sequence[BandBin]) -> go.Scatter:
    return go.Scatter(
        x=[b.probability for b in bins],
        y=[b.accuracy for b in bins],
        mode="lines+markers",
        line={"color": _COLOUR, "width": 2.5},
        marker={"size": 9, "color": _COLOUR, "line": {"color": OUTLINE, "width": 1.5}},
        error_y={
            "array": [(b.high - b.accuracy) if b.high is not None else 0 for b in bins],
            "arrayminus": [(b.accuracy - b.low) if b.low is not None else 0 for b in bins],
            "color": OUTLINE,
            "thickness": 1.5,
            "width": 4,
        },
        customdata=[b.n for b in bins],
        hovertemplate="predicted %{x:.2f}, accuracy %{y:.2f} of %{customdata}<extra></extra>",
        cliponaxis=False,
    )
