"""How many texts and groups each album has."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS
from rebracket_core.charts.layout import EDGE, finish
from rebracket_core.rainbow import ALBUM_NAMES


def album_counts(counts: Mapping[str, tuple[int, int]], *, unit: str = "groups") -> go.Figure:
    """A figure of one bar an album in the table's order: its texts, with its number of groups written after it.

    `counts` is album name → (texts, groups); an album that is not in it has none. `unit` is the word for the groups.
    """
    found = [counts.get(name, (0, 0)) for name in ALBUM_NAMES]
    figure = go.Figure(
        go.Bar(
            x=[rows for rows, _ in found],
            y=list(ALBUM_NAMES),
            orientation="h",
            cliponaxis=False,
            marker={"color": [ALBUM_COLOURS[name] for name in ALBUM_NAMES], "line": EDGE},
            text=[f"{rows:,} in {groups:,}" if rows else "none" for rows, groups in found],
            textposition="outside",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, max([1, *(rows for rows, _ in found)]) * 1.5], title="texts")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return finish(
        figure,
        title="Texts of each album",
        height=400,
        reading="The longer the bar, the more texts teach that album; honest figures rest on the second number, "
        f"that of the {unit}.",
        alt="Texts of each album: "
        + ", ".join(f"{name} {rows} in {groups} {unit}" for name, (rows, groups) in zip(ALBUM_NAMES, found, strict=True))
        + ".",
    )
