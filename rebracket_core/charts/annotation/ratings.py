"""Several people's labels of one concept, as points in the triangle of an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import GRID, NEUTRAL, OUTLINE
from rebracket_core.charts.layout import finish, plain
from rebracket_core.rainbow import MODES

Shares = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class AxisRating:
    """One person's label on one axis: a short name, and the shares in the axis's mode order; None for "cannot tell"."""

    name: str
    shares: Shares | None


def ratings_ternary(axis: str, ratings: Sequence[AxisRating], *, model: Shares | None = None) -> go.Figure:
    """A triangle whose corners are the modes of `axis`, with a named point a rating, and the model's as a hollow diamond.

    Ratings at the same place are one point with all their names; whoever could not tell is named in the sentence below.
    """
    figure = go.Figure()
    places: dict[Shares, list[str]] = {}
    for rating in ratings:
        if rating.shares is not None:
            places.setdefault(rating.shares, []).append(plain(rating.name))
    if places:
        figure.add_trace(_points(list(places), [", ".join(names) for names in places.values()], symbol="circle"))
    if model is not None:
        figure.add_trace(_points([model], ["model"], symbol="diamond-open"))
    figure.update_layout(ternary=_corners(axis))
    unsure = [rating.name for rating in ratings if rating.shares is None]
    unsure_text = f" Cannot tell: {plain(', '.join(unsure))}." if unsure else ""
    figure = finish(
        figure,
        title=f"The {axis} axis",
        height=300,
        reading="Each point is one label; the closer to a corner, the more of that mode. Points far apart disagree."
        + unsure_text,
        alt=_alt(axis, ratings),
    )
    return figure.update_layout(margin={"l": 50, "r": 50, "t": 60, "b": 20})


def _points(shares: Sequence[Shares], names: Sequence[str], *, symbol: str) -> go.Scatterternary:
    hollow = symbol.endswith("-open")
    return go.Scatterternary(
        a=[s[0] for s in shares],
        b=[s[1] for s in shares],
        c=[s[2] for s in shares],
        mode="markers+text",
        text=list(names),
        textposition="middle left" if hollow else "middle right",
        cliponaxis=False,
        marker={
            "size": 14 if hollow else 12,
            "symbol": symbol,
            "color": OUTLINE if hollow else NEUTRAL,
            "line": {"color": OUTLINE, "width": 2},
        },
        hovertemplate="%{text}<br>%{a:.2f} · %{b:.2f} · %{c:.2f}<extra></extra>",
    )


def _corners(axis: str) -> dict[str, object]:
    names = zip(("aaxis", "baxis", "caxis"), MODES[axis], strict=True)
    ticks = {"tickvals": [0.25, 0.5, 0.75], "showticklabels": False, "ticks": "", "gridcolor": GRID, "linecolor": OUTLINE}
    return {"sum": 1, "bgcolor": "rgba(0,0,0,0)", **{corner: {**ticks, "title": {"text": mode}} for corner, mode in names}}


def _alt(axis: str, ratings: Sequence[AxisRating]) -> str:
    parts = []
    for rating in ratings:
        words = "cannot tell"
        if rating.shares is not None:
            words = " ".join(f"{mode} {share:.0%}" for mode, share in zip(MODES[axis], rating.shares, strict=True) if share)
        parts.append(f"{rating.name} says {words}")
    return f"{axis.capitalize()}: {'; '.join(parts) or 'no rating'}."
