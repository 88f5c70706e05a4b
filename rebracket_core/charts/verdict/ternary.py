"""Concepts inside the triangle of one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, ALBUM_SYMBOLS, GRID, NEUTRAL, OUTLINE
from rebracket_core.charts.layout import finish, shorten
from rebracket_core.rainbow import ALBUM_NAMES, MODES


@dataclass(frozen=True, slots=True)
class TernaryPoint:
    """One concept on one axis: its id, its shares in the axis's mode order, its album and a name to show."""

    point_id: str
    shares: tuple[float, float, float]
    album: str | None = None
    label: str = ""


def axis_ternary(axis: str, points: Sequence[TernaryPoint]) -> go.Figure:
    """Draw a triangle whose corners are the modes of `axis`, one mark a concept, in the album's colour and symbol.

    A point's id stands in `customdata`; a mark in a corner is wholly that mode, one in the middle is all three.
    """
    named = ((name, [point for point in points if point.album == name]) for name in (*ALBUM_NAMES, None))
    figure = go.Figure([_marks(name, mine) for name, mine in named if mine])
    first, second, third = MODES[axis]
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.12}, ternary=corners(axis))
    figure = finish(
        figure,
        title=f"The {axis} axis",
        height=360,
        reading=f"Each mark is a concept: at the corner “{first}” it is wholly {first}, in the middle it is all three "
        "equally. Colour and shape together name the album.",
        alt=f"{len(points)} concepts in the triangle of {first}, {second} and {third}.",
    )
    return figure.update_layout(margin={"l": 30, "r": 30, "t": 60, "b": 10})


def corners(axis: str) -> dict[str, object]:
    """The layout of a triangle with the modes of an axis at its corners."""
    side = {"gridcolor": GRID, "linecolor": OUTLINE, "tickvals": [0.2, 0.4, 0.6, 0.8], "showticklabels": False, "ticks": ""}
    sides = zip(("aaxis", "baxis", "caxis"), MODES[axis], strict=True)
    return {"sum": 1, "bgcolor": "rgba(0,0,0,0)", **{name: {**side, "title": {"text": mode}} for name, mode in sides}}


def _marks(album: str | None, points: Sequence[TernaryPoint]) -> go.Scatterternary:
    return go.Scatterternary(
        a=[p.shares[0] for p in points],
        b=[p.shares[1] for p in points],
        c=[p.shares[2] for p in points],
        mode="markers",
        name=album or "no album",
        customdata=[[p.point_id, shorten(p.label or p.point_id)] for p in points],
        marker={
            "size": 10,
            "color": ALBUM_COLOURS[album] if album else NEUTRAL,
            "symbol": ALBUM_SYMBOLS[album] if album else "circle-open",
            "line": {"color": OUTLINE, "width": 1},
        },
        hovertemplate="%{customdata[1]}<br>%{a:.2f} · %{b:.2f} · %{c:.2f}<extra>%{fullData.name}</extra>",
    )
