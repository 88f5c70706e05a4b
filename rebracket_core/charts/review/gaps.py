"""Parts of the texts against the rest, worst first; and shares beside what would be expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, NEUTRAL, OUTLINE
from rebracket_core.charts.layout import EDGE, GUIDE, finish, plain, shorten


@dataclass(frozen=True, slots=True)
class PartGap:
    """A part of the texts: its accuracy less that of the rest, its interval, whether proven."""

    name: str
    difference: float
    low: float
    high: float
    n: int
    proven: bool


def part_gaps(parts: Sequence[PartGap], *, looked_at: int, leaked: bool = False) -> go.Figure:
    """A dot a part with the interval that holds for all parts together; filled where it leaves 0 out."""
    names = [f"{shorten(p.name, limit=34)} ({p.n})" for p in parts]
    figure = go.Figure(
        go.Scatter(
            x=[p.difference for p in parts],
            y=names,
            mode="markers",
            marker={
                "size": 12,
                "symbol": ["circle" if p.proven else "circle-open" for p in parts],
                "color": ALBUM_COLOURS["Violet"],
                "line": {"color": OUTLINE, "width": 2},
            },
            error_x={
                "array": [p.high - p.difference for p in parts],
                "arrayminus": [p.difference - p.low for p in parts],
                "color": OUTLINE,
                "thickness": 1.8,
                "width": 5,
            },
            hovertemplate="%{y}: %{x:+.2f}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line=GUIDE)
    figure.update_xaxes(title="accuracy less that of the rest")
    figure.update_yaxes(autorange="reversed")
    return finish(
        figure,
        title="Slice performance" + (" (leaked)" if leaked else ""),
        height=150 + 30 * max(3, len(parts)),
        reading=f"Left of the line accuracy is lower than on all other texts. The whiskers hold for all {looked_at} "
        "parts together, so a filled dot is not just the worst of many; an open one may be.",
        alt="Parts against the rest: " + ", ".join(f"{p.name} {p.difference:+.2f}" for p in parts) + ".",
    )


@dataclass(frozen=True, slots=True)
class SharePair:
    """A share with its interval beside the one that would be expected, and the number it rests on."""

    name: str
    share: float
    low: float
    high: float
    expected: float
    n: int


def share_pairs(pairs: Sequence[SharePair], *, title: str, expected: str, reading: str, leaked: bool = False) -> go.Figure:
    """A bar a share with its whisker, and a mark where `expected` would have it."""
    names = [f"{plain(p.name)} ({p.n})" for p in pairs]
    figure = go.Figure(
        go.Bar(
            x=[p.share for p in pairs],
            y=names,
            orientation="h",
            name="found",
            marker={"color": ALBUM_COLOURS["Violet"], "line": EDGE},
            error_x={
                "array": [p.high - p.share for p in pairs],
                "arrayminus": [p.share - p.low for p in pairs],
                "color": OUTLINE,
                "thickness": 1.5,
            },
            hovertemplate="%{y}: %{x:.3f}<extra>found</extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[p.expected for p in pairs],
            y=names,
            mode="markers",
            name=plain(expected),
            marker={"symbol": "line-ns-open", "size": 18, "color": OUTLINE, "line": {"width": 3, "color": OUTLINE}},
            hovertemplate="%{y}: %{x:.3f}<extra>%{fullData.name}</extra>",
        )
    )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.28, "x": 0})
    figure.update_xaxes(title="share of the texts", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return finish(
        figure,
        title=title + (" (leaked)" if leaked else ""),
        height=190 + 34 * max(2, len(pairs)),
        reading=reading,
        alt=f"{title}: " + ", ".join(f"{p.name} {p.share:.3f} (expected {p.expected:.3f})" for p in pairs) + ".",
    )


@dataclass(frozen=True, slots=True)
class LayerPoint:
    """A probe of one layer: accuracy with its interval, and what shuffled labels reach."""

    layer: int
    accuracy: float
    low: float | None
    high: float | None
    control: float


def layer_curve(points: Sequence[LayerPoint], *, what: str, majority: float) -> go.Figure:
    """Draw accuracy by layer with whiskers over songs, above the same probe on shuffled labels."""
    figure = go.Figure([_probe_line(points, what=what), _control_line(points)])
    figure.add_hline(y=majority, line=GUIDE)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.28, "x": 0})
    figure.update_xaxes(title="layer (0: the word embeddings)", dtick=1)
    figure.update_yaxes(title="accuracy", range=[0, 1.03])
    return finish(
        figure,
        title=f"What each layer knows of the {plain(what)}",
        height=380,
        reading="A linear probe was fitted on some songs and measured on the others. Where it is not above the dotted line of "
        "shuffled labels, the layer holds nothing of it; the dashed line is the commonest label.",
        alt=f"Probe of {what} by layer: "
        + ", ".join(f"{p.layer}: {p.accuracy:.2f} (shuffled {p.control:.2f})" for p in points)
        + ".",
    )


def _probe_line(points: Sequence[LayerPoint], *, what: str) -> go.Scatter:
    return go.Scatter(
        x=[p.layer for p in points],
        y=[p.accuracy for p in points],
        mode="lines+markers",
        name=plain(what),
        line={"color": ALBUM_COLOURS["Violet"], "width": 2.5},
        marker={"size": 9, "line": {"color": OUTLINE, "width": 1.5}},
        error_y={
            "array": [(p.high - p.accuracy) if p.high is not None else 0 for p in points],
            "arrayminus": [(p.accuracy - p.low) if p.low is not None else 0 for p in points],
            "color": OUTLINE,
            "thickness": 1.5,
        },
        hovertemplate="layer %{x}: %{y:.2f}<extra>%{fullData.name}</extra>",
    )


def _control_line(points: Sequence[LayerPoint]) -> go.Scatter:
    return go.Scatter(
        x=[p.layer for p in points],
        y=[p.control for p in points],
        mode="lines+markers",
        name="shuffled labels",
        line={"color": OUTLINE, "width": 2, "dash": "dot"},
        marker={"size": 7, "symbol": "x", "color": NEUTRAL, "line": {"color": OUTLINE, "width": 1.5}},
        hovertemplate="layer %{x}: %{y:.2f}<extra>shuffled labels</extra>",
    )


def colour_pairs(names: Sequence[str], colours: Sequence[float], texts: Sequence[float], *, rho: float, p: float) -> go.Figure:
    """One dot a pair of albums: how far apart their colours look, and how far apart their texts lie."""
    figure = go.Figure(
        go.Scatter(
            x=list(colours),
            y=list(texts),
            mode="markers",
            text=[plain(n) for n in names],
            marker={"size": 10, "color": ALBUM_COLOURS["Violet"], "line": {"color": OUTLINE, "width": 1.5}},
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_xaxes(title="distance of the colours (OKLab)", rangemode="tozero")
    figure.update_yaxes(title="distance of the texts' centres", rangemode="tozero")
    word = "go together" if p < 0.05 and rho > 0 else "run against each other" if p < 0.05 else "are not shown to go together"
    return finish(
        figure,
        title="Colours and texts",
        height=380,
        reading=f"Each dot is a pair of albums. Distances of colours and of texts {word}: rank correlation {rho:+.2f}, "
        f"p {p:.3f} when whole albums are dealt anew.",
        alt=f"Colour distance against text distance of {len(names)} pairs of albums, rank correlation {rho:+.2f}, p {p:.3f}.",
    )
