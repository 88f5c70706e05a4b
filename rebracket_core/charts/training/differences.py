"""Differences between two runs with their intervals, around the line of no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, NEUTRAL, OUTLINE
from rebracket_core.charts.layout import GUIDE, finish, plain


@dataclass(frozen=True, slots=True)
class Gap:
    """How much better (above 0) or worse one run is than another on one question, with the 95 % interval."""

    name: str
    better_by: float
    low: float
    high: float
    proven: bool = False


def difference_intervals(gaps: Sequence[Gap], *, first: str, second: str, leaked: bool = False) -> go.Figure:
    """A dot a question with its interval as a whisker: to the right the second run is better. A filled dot is proven."""
    reach = 1.25 * max([0.01, *(abs(end) for gap in gaps for end in (gap.low, gap.high))])
    figure = go.Figure(
        go.Scatter(
            x=[g.better_by for g in gaps],
            y=[plain(g.name) for g in gaps],
            mode="markers+text",
            text=[f"{g.better_by:+.3f}" for g in gaps],
            textposition="top center",
            cliponaxis=False,
            marker={
                "size": 13,
                "color": [ALBUM_COLOURS["Violet"] if g.proven else NEUTRAL for g in gaps],
                "line": {"color": OUTLINE, "width": 1.5},
            },
            error_x={
                "array": [g.high - g.better_by for g in gaps],
                "arrayminus": [g.better_by - g.low for g in gaps],
                "color": OUTLINE,
                "thickness": 2,
                "width": 6,
            },
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line=GUIDE, layer="below")
    figure.update_xaxes(range=[-reach, reach], nticks=5, tickangle=0, tickformat="+.2f", title="worse ← → better")
    figure.update_yaxes(autorange="reversed")
    result = ", ".join(f"{g.name} {g.better_by:+.3f} ({g.low:+.3f} to {g.high:+.3f})" for g in gaps)
    return finish(
        figure,
        title="How much better the second is" + (" (leaked)" if leaked else ""),
        height=160 + 46 * len(gaps),
        reading="A leaked run stands here, so nothing in this figure says which run is better."
        if leaked
        else "Right of the dashed line the second run is better. The whisker is the range that new groups would likely give "
        "(95 %); a dot is filled where the difference holds after correcting for all that was compared.",
        alt=f"{second} against {first}: {result or 'nothing to compare'}.",
    )
