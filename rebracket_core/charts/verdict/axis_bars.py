"""The nine scores of one concept: three small triples of bars."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rebracket_core.charts.colours import NEUTRAL, album_colour
from rebracket_core.charts.layout import EDGE, GUIDE, finish
from rebracket_core.rainbow import AXIS_NAMES, MODES, album_named

_ROOM = 1.16  # the axis ends beyond 1, so that the number after a full bar is not cut


def axis_bars(
    scores: Mapping[str, Mapping[str, float]],
    *,
    album: str | None = None,
    states: Mapping[str, str] | None = None,
    dominant: float = 0.6,
) -> go.Figure:
    """Draw three rows of three bars, one row an axis, one bar a mode, each with its number.

    Args:
        scores: axis → mode → share; each axis sums to 1.
        album: the album whose modes are filled with its colour and marked with a diamond.
        states: axis → a word for its heading.
        dominant: the threshold at which a dashed line stands.
    """
    figure = make_subplots(
        rows=len(AXIS_NAMES),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.13,
        subplot_titles=[_heading(axis, states) for axis in AXIS_NAMES],
    )
    for row, axis in enumerate(AXIS_NAMES, start=1):
        figure.add_trace(_bars(axis, scores[axis], album=album), row=row, col=1)
        figure.add_vline(x=dominant, line=GUIDE, layer="below", row=row, col=1)
        figure.update_yaxes(autorange="reversed", showgrid=False, row=row, col=1)
    figure.update_xaxes(range=[0, _ROOM], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1.0], tickformat=".1f")
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    mark = f" ◆ marks {album}'s own modes." if album and album_named(album).has_modes else ""
    reading = (
        f"Each row is one axis and its three bars add up to 1. A bar past the dashed line, {dominant:.2f}, is dominant.{mark}"
    )
    alt = "; ".join(
        f"{axis}: " + ", ".join(f"{mode} {float(scores[axis][mode]):.2f}" for mode in MODES[axis]) for axis in AXIS_NAMES
    )
    figure = finish(figure, title="The three axes", reading=reading, alt=f"Axis scores. {alt}.", height=420)
    return figure.update_layout(margin={"t": 72})


def _bars(axis: str, scores: Mapping[str, float], *, album: str | None) -> go.Bar:
    own = album_named(album).modes[axis] if album else frozenset()
    shares = [float(scores[mode]) for mode in MODES[axis]]
    return go.Bar(
        x=shares,
        y=[f"◆ {mode}" if mode in own else mode for mode in MODES[axis]],
        orientation="h",
        marker={"color": [album_colour(album) if mode in own else NEUTRAL for mode in MODES[axis]], "line": EDGE},
        text=[f"{share:.2f}" for share in shares],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=f"{axis}: %{{y}} %{{x:.3f}}<extra></extra>",
    )


def _heading(axis: str, states: Mapping[str, str] | None) -> str:
    state = (states or {}).get(axis, "")
    return f"{axis} – {state}" if state else axis
