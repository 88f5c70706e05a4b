"""What every figure shares: a title, a sentence saying how to read it, a text for screen readers, and quiet axes."""

from __future__ import annotations

import html

import plotly.graph_objects as go

from rebracket_core.charts.colours import GRID, OUTLINE

EDGE = {"color": OUTLINE, "width": 1.5}
GUIDE = {"color": OUTLINE, "width": 1.5, "dash": "dash"}


def finish(figure: go.Figure, *, title: str, reading: str, alt: str, height: int) -> go.Figure:
    """The same figure with its title, its height in px, and `layout.meta` holding `title`, `reading` and `alt`."""
    figure.update_layout(
        title={
            "text": f"<b>{title}</b>",
            "font": {"size": 15},
            **{"x": 0, "xanchor": "left", "xref": "container"},
            **{"y": 1, "yanchor": "top", "yref": "container", "pad": {"t": 10, "l": 2}},
        },
        height=height,
        margin={"l": 8, "r": 8, "t": 44, "b": 36, "autoexpand": True},
        showlegend=figure.layout.showlegend or False,
        meta={"title": title, "reading": reading, "alt": alt},
        bargap=0.28,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    figure.update_xaxes(automargin=True, zeroline=False, gridcolor=GRID, fixedrange=True)
    figure.update_yaxes(automargin=True, zeroline=False, gridcolor=GRID, fixedrange=True)
    return figure


def plain(text: str) -> str:
    """Text from data with Plotly's own tags made harmless: it shows as written."""
    return html.escape(text, quote=False)


def shorten(text: str, *, limit: int = 90) -> str:
    """The text on one line, cut at `limit` characters with an ellipsis, tags made harmless."""
    line = " ".join(text.split())
    return plain(line if len(line) <= limit else line[: limit - 1].rstrip() + "…")
