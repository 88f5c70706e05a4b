"""The nine album probabilities of one concept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS
from rebracket_core.charts.layout import EDGE, GUIDE, finish
from rebracket_core.rainbow import ALBUM_NAMES

_ROOM = 1.42  # the words after a bar need the room


def album_bars(
    probabilities: Mapping[str, float],
    *,
    accept: float | None = None,
    axes_album: str | None = None,
    expected: str | None = None,
) -> go.Figure:
    """Draw one bar an album in the table's order, each with its number, and words on the ones that matter.

    Args:
        probabilities: album name → probability; the nine sum to 1.
        accept: the threshold of acceptance, None for none.
        axes_album: what the axes alone say, written after its bar.
        expected: what the source names, written after its bar.
    """
    shares = [float(probabilities.get(name, 0.0)) for name in ALBUM_NAMES]
    first = ALBUM_NAMES[max(range(len(shares)), key=shares.__getitem__)]
    words = {name: _words(name, first=first, axes=axes_album, expected=expected) for name in ALBUM_NAMES}
    figure = go.Figure(_bars(shares, words))
    if accept is not None:
        figure.add_vline(x=accept, line=GUIDE, layer="below")
    figure.update_xaxes(range=[0, _ROOM], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1.0], tickformat=".1f")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    reading = (
        "The nine bars add up to 1; the longest is the predicted album."
        + (f" It can be accepted from the dashed line, {accept:.2f}, on." if accept is not None else "")
        + (" “axes” marks what the three axes alone would say." if axes_album else "")
        + (" “expected” marks the album that the source names." if expected else "")
    )
    alt = "Album probabilities: " + ", ".join(f"{n} {s:.2f}" for n, s in zip(ALBUM_NAMES, shares, strict=True)) + "."
    return finish(figure, title="The albums", reading=reading, alt=alt, height=420)


def _bars(shares: Sequence[float], words: Mapping[str, str]) -> go.Bar:
    return go.Bar(
        x=list(shares),
        y=list(ALBUM_NAMES),
        orientation="h",
        cliponaxis=False,
        marker={"color": [ALBUM_COLOURS[name] for name in ALBUM_NAMES], "line": EDGE},
        text=[
            f"<b>{share:.2f}</b> {words[name]}" if words[name] else f"{share:.2f}"
            for name, share in zip(ALBUM_NAMES, shares, strict=True)
        ],
        textposition="outside",
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )


def _words(name: str, *, first: str, axes: str | None, expected: str | None) -> str:
    found = [word for word, album in (("first", first), ("axes", axes), ("expected", expected)) if album == name]
    return "first, as all say" if len(found) == 3 else ", ".join(found)
