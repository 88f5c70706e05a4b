"""How far people agree, a coefficient a line, and how many labels came in on each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE, sequential
from rebracket_core.charts.layout import GUIDE, finish, plain

_PATTERNS = ("", "/", "x", "-", "\\", ".", "+", "|")


@dataclass(frozen=True, slots=True)
class AgreementDot:
    """A coefficient of agreement with its 95 % interval (None: it has none) and the texts that it rests on."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int


def agreement_intervals(dots: Sequence[AgreementDot], *, title: str = "How far people agree beyond chance") -> go.Figure:
    """A dot a coefficient with its interval as a whisker; 1 is full agreement, 0 what chance gives."""
    names = [plain(dot.name) for dot in dots]
    left = min([0.0, *(dot.low if dot.low is not None else dot.value for dot in dots)])
    figure = go.Figure(
        go.Scatter(
            x=[dot.value for dot in dots],
            y=names,
            mode="markers+text",
            text=[f"{round(dot.value, 2) + 0.0:.2f}" for dot in dots],
            textposition="top center",
            cliponaxis=False,
            customdata=[dot.n for dot in dots],
            marker={"size": 13, "color": ALBUM_COLOURS["Violet"], "line": {"color": OUTLINE, "width": 1.5}},
            error_x={
                "array": [dot.high - dot.value if dot.high is not None else 0 for dot in dots],
                "arrayminus": [dot.value - dot.low if dot.low is not None else 0 for dot in dots],
                "color": OUTLINE,
                "thickness": 2,
                "width": 6,
            },
            hovertemplate="%{x:.3f} over %{customdata} texts<extra></extra>",
        )
    )
    figure.add_vline(x=0, line=GUIDE, layer="below")
    figure.update_xaxes(range=[min(left - 0.08, -0.08), 1.04], nticks=7, tickangle=0, title="chance ← → full agreement")
    figure.update_yaxes(autorange="reversed")
    values = "; ".join(
        f"{dot.name} {dot.value:.2f}" + (f" ({dot.low:.2f} to {dot.high:.2f})" if dot.low is not None else "") for dot in dots
    )
    return finish(
        figure,
        title=title,
        height=140 + 48 * len(dots),
        reading="A dot at 1 is full agreement, at the dashed line no more than chance would give. The whisker is the range "
        "that other texts would likely give (95 %).",
        alt=f"Agreement: {values or 'nothing to show'}.",
    )


def labels_by_day(by_day: Mapping[str, Mapping[str, int]]) -> go.Figure:
    """A bar a day, parted by person: `by_day` is date → person → labels."""
    people = sorted({name for day in by_day.values() for name in day})
    shades = sequential(max(2, len(people)))
    figure = go.Figure(
        [
            go.Bar(
                x=list(by_day),
                y=[day.get(name, 0) for day in by_day.values()],
                name=plain(name),
                marker={
                    "color": shades[k % len(shades)],
                    "pattern": {"shape": _PATTERNS[k % len(_PATTERNS)], "fgcolor": OUTLINE, "fillmode": "overlay"},
                    "line": {"color": OUTLINE, "width": 1},
                },
                hovertemplate="%{x}: %{y} labels<extra>%{fullData.name}</extra>",
            )
            for k, name in enumerate(people)
        ]
    )
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": -0.3, "x": 0})
    figure.update_xaxes(type="category", nticks=5, tickangle=0)
    figure.update_yaxes(title="labels", rangemode="tozero")
    total = sum(sum(day.values()) for day in by_day.values())
    return finish(
        figure,
        title="Labels by day",
        height=300,
        reading="Each bar is a day and its height the labels given on it; its parts are people, told apart by shade and "
        "pattern.",
        alt=f"{total} labels on {len(by_day)} days by {', '.join(people) or 'nobody'}.",
    )
