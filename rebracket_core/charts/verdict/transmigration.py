"""A concept's way to an album: on one axis, where it stands and where its step leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, ALBUM_SYMBOLS, OUTLINE
from rebracket_core.charts.layout import finish
from rebracket_core.charts.verdict.ternary import corners
from rebracket_core.rainbow import MODES


@dataclass(frozen=True, slots=True, kw_only=True)
class PathStep:
    """One axis of a concept's way to an album.

    Args:
        axis: the axis.
        here: the concept's (3,) shares in mode order.
        album: the album to reach.
        target: the album's (3,) shares on this axis.
        number: which step moves this axis, None where it is there already.
        distance: how long the step is.
    """

    axis: str
    here: Sequence[float]
    album: str
    target: Sequence[float]
    number: int | None
    distance: float


def path_ternary(step: PathStep) -> go.Figure:
    """Draw the triangle of an axis with the concept's shares and, where the axis moves, a line to the album's place."""
    figure = go.Figure([_way(step)] if step.number is not None else [])
    figure.add_trace(_mark(step, "the concept", step.here))
    if step.number is not None:
        figure.add_trace(_mark(step, step.album, step.target))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.1}, ternary=corners(step.axis))
    moves = f"from {_shares(step.axis, step.here)} to {_shares(step.axis, step.target)}, {step.distance:.2f} away"
    there = step.number is None
    figure = finish(
        figure,
        title=f"{step.axis}: nothing to do" if there else f"Step {step.number}: {step.axis}, {step.distance:.2f}",
        height=300,
        reading=f"It agrees with {step.album} already." if there else f"From the round mark to the {step.album} mark: {moves}.",
        alt=f"The {step.axis} axis: {'it is there' if there else moves}.",
    )
    return figure.update_layout(margin={"l": 30, "r": 30, "t": 60, "b": 10})


def _way(step: PathStep) -> go.Scatterternary:
    a, b, c = zip(step.here, step.target, strict=True)
    line = {"color": OUTLINE, "width": 3, "dash": "dot"}
    return go.Scatterternary(a=a, b=b, c=c, mode="lines", hoverinfo="skip", showlegend=False, line=line)


def _mark(step: PathStep, name: str, shares: Sequence[float]) -> go.Scatterternary:
    first, second, third = MODES[step.axis]
    own = name == step.album
    return go.Scatterternary(
        a=[shares[0]],
        b=[shares[1]],
        c=[shares[2]],
        mode="markers",
        name=name,
        cliponaxis=False,
        marker={
            "size": 14,
            "color": ALBUM_COLOURS.get(step.album, OUTLINE) if own else OUTLINE,
            "symbol": ALBUM_SYMBOLS.get(step.album, "diamond") if own else "circle",
            "line": {"color": OUTLINE, "width": 1.5},
        },
        hovertemplate=f"{first} %{{a:.2f}} · {second} %{{b:.2f}} · {third} %{{c:.2f}}<extra>{name}</extra>",
    )


def _shares(axis: str, shares: Sequence[float]) -> str:
    return ", ".join(f"{mode} {share:.2f}" for mode, share in zip(MODES[axis], shares, strict=True))
