"""Verdicts over time: what they were, and how long they took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, ALBUM_PATTERNS, NEUTRAL, OUTLINE
from rebracket_core.charts.layout import finish, plain
from rebracket_core.verdict_kinds import VerdictKind

_KINDS: dict[str, tuple[str, str]] = {
    VerdictKind.ACCEPT: (ALBUM_COLOURS["Green"], ""),
    VerdictKind.ACCEPT_HYBRID: (ALBUM_COLOURS["Violet"], "/"),
    VerdictKind.ACCEPT_BLACK: (ALBUM_COLOURS["Black"], "\\"),
    VerdictKind.REJECT: (ALBUM_COLOURS["Red"], "x"),
    "error": (NEUTRAL, "."),
}
_LEAST_SPAN = timedelta(hours=1)
_WORDS: dict[str, str] = {**{kind: kind.word for kind in VerdictKind}, "error": "failed"}


def verdicts_over_time(times: Sequence[str], counts: Sequence[Mapping[str, int]]) -> go.Figure:
    """A bar a stretch of time, parted by verdict; `counts` holds kind → verdicts for each of `times` (ISO 8601)."""
    figure = _stacked(times, counts, {_WORDS[kind]: (kind, *style) for kind, style in _KINDS.items()})
    return finish(
        figure,
        title="Verdicts",
        height=320,
        reading="Each bar is a stretch of time and is parted by what the verdicts in it were; hover for how many. A share that "
        "moves while nobody changed the model means that other texts come in.",
        alt=_alt("Verdicts", counts, _WORDS),
    )


def albums_over_time(times: Sequence[str], counts: Sequence[Mapping[str, int]]) -> go.Figure:
    """A bar a stretch of time, parted by the predicted album of its verdicts."""
    figure = _stacked(times, counts, {name: (name, ALBUM_COLOURS[name], ALBUM_PATTERNS[name]) for name in ALBUM_COLOURS})
    return finish(
        figure,
        title="Predicted albums",
        height=360,
        reading="The same bars, parted by the predicted album, of accepted and rejected texts alike.",
        alt=_alt("Predicted albums", counts, {name: name for name in ALBUM_COLOURS}),
    )


def latency_over_time(times: Sequence[str], median_s: Sequence[float | None], p95_s: Sequence[float | None]) -> go.Figure:
    """Two lines: the median and the 95th percentile latency, in milliseconds."""
    figure = go.Figure()
    for name, values, album, dash in (("median", median_s, "Violet", "solid"), ("95th percentile", p95_s, "Orange", "dash")):
        figure.add_trace(
            go.Scatter(
                x=list(times),
                y=[None if v is None else v * 1e3 for v in values],
                name=name,
                mode="lines+markers",
                line={"color": ALBUM_COLOURS[album], "width": 2.5, "dash": dash},
                marker={"size": 7},
                hovertemplate="%{x|%Y-%m-%d %H:%M}: %{y:.1f} ms<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.3, "x": 0})
    _time_axis(figure, times)
    figure.update_yaxes(title="ms a verdict", rangemode="tozero")
    known = [v for v in p95_s if v is not None]
    return finish(
        figure,
        title="Latency",
        height=300,
        reading="The solid line is the median, the dashed one the 95th percentile. "
        "Texts that are scored together share the time of their call; verdicts from memory take nearly none.",
        alt=f"Latency of a verdict; its 95th percentile is at most {max(known, default=0) * 1e3:.0f} ms.",
    )


def _stacked(times: Sequence[str], counts: Sequence[Mapping[str, int]], looks: Mapping[str, tuple[str, str, str]]) -> go.Figure:
    figure = go.Figure()
    totals = [max(1, sum(count.values())) for count in counts]
    for name, (key, colour, pattern) in looks.items():
        found = [count.get(key, 0) for count in counts]
        if not any(found):
            continue
        figure.add_trace(
            go.Bar(
                x=list(times),
                y=[n / total for n, total in zip(found, totals, strict=True)],
                name=plain(name),
                customdata=found,
                marker={
                    "color": colour,
                    "line": {"color": OUTLINE, "width": 1},
                    "pattern": {"shape": pattern, "fgcolor": OUTLINE, "fillmode": "overlay"},
                },
                hovertemplate="%{x|%Y-%m-%d %H:%M}: %{customdata} (%{y:.2f})<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": -0.3, "x": 0})
    _time_axis(figure, times)
    figure.update_yaxes(title="share", range=[0, 1])
    return figure


def _time_axis(figure: go.Figure, times: Sequence[str]) -> None:
    """Give a figure an axis at least `_LEAST_SPAN` long: around a single time Plotly would count milliseconds."""
    figure.update_xaxes(type="date", nticks=5, tickformat="%H:%M\n%d %b %Y")
    moments = sorted(datetime.fromisoformat(time) for time in times)
    if moments:
        step = min((b - a for a, b in pairwise(moments) if b > a), default=_LEAST_SPAN)
        figure.update_xaxes(range=[(moments[0] - step / 2).isoformat(), (moments[-1] + step / 2).isoformat()])
        figure.update_traces(width=0.9 * step.total_seconds() * 1e3, selector={"type": "bar"})


def _alt(what: str, counts: Sequence[Mapping[str, int]], words: Mapping[str, str]) -> str:
    sums = {word: sum(count.get(key, 0) for count in counts) for key, word in words.items()}
    return f"{what} over time, in all: " + ", ".join(f"{word} {n}" for word, n in sums.items() if n) + "."
