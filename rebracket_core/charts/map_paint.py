"""What the points of a map are coloured by: a class each with a colour and a shape, or a step on a scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from rebracket_core.charts.colours import ALBUM_COLOURS, OUTLINE, mix, sequential
from rebracket_core.charts.layout import finish, shorten

MOST_CLASSES = 12
UNKNOWN = "not known"
OTHERS = "others"
STEPS = 12
_MIXED = [
    mix(ALBUM_COLOURS[a], ALBUM_COLOURS[b])
    for a, b in (("Violet", "White"), ("Orange", "Black"), ("Green", "Blue"), ("Blue", "White"), ("Red", "White"))
]
_PALETTE = (*(ALBUM_COLOURS[name] for name in ("Violet", "Orange", "Green", "Blue", "Red", "Yellow", "Indigo")), *_MIXED)
SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "star", "pentagon", "hexagon")
_GREY = mix(ALBUM_COLOURS["Black"], ALBUM_COLOURS["White"], share=0.6)
RIGHT_WRONG: Mapping[str, str] = {"right": ALBUM_COLOURS["Green"], "wrong": ALBUM_COLOURS["Red"]}


@dataclass(frozen=True, slots=True)
class MapPaint:
    """n points coloured: `codes` (n,) uint8 into `names`, `colours` (hex) and `symbols`; the last name is for the unknown.

    A scale has STEPS names from `low` to `high`, in words.
    """

    title: str
    codes: np.ndarray
    names: tuple[str, ...]
    colours: tuple[str, ...]
    symbols: tuple[str, ...]
    scale: bool = False
    low: str = ""
    high: str = ""

    @property
    def counts(self) -> list[int]:
        """How many points each name has."""
        return [int(c) for c in np.bincount(self.codes, minlength=len(self.names))]


def class_paint(
    title: str, codes: np.ndarray, names: Sequence[str], *, colours: Mapping[str, str] | None = None, unknown: str = UNKNOWN
) -> MapPaint:
    """The paint of n points by class: `codes` (n,) positions in `names`, -1 where it is not known.

    Of more than twelve classes the eleven largest are told apart. Colour and shape together name a class.
    """
    counts = np.bincount(codes[codes >= 0], minlength=len(names)) if len(names) else np.zeros(0, dtype=int)
    shown = [k for k in range(len(names)) if counts[k]]
    if len(shown) > MOST_CLASSES:
        shown = sorted(sorted(shown, key=lambda k: (-counts[k], k))[: MOST_CLASSES - 1])
    rest = int((counts > 0).sum()) > len(shown)
    kept = [names[k] for k in shown] + ([f"{OTHERS} ({int((counts > 0).sum()) - len(shown)})"] if rest else [])
    place = np.full(len(names) + 1, len(kept) - 1 if rest else len(kept), dtype=np.int64)
    place[shown] = np.arange(len(shown))
    place[-1] = len(kept)  # -1, what is not known
    hexes = [(colours or {}).get(name) or (_PALETTE[i % len(_PALETTE)]) for i, name in enumerate(kept)]
    if rest:
        hexes[-1] = _GREY
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(kept))]
    return MapPaint(title, place[codes].astype(np.uint8), (*kept, unknown), (*hexes, _GREY), (*shapes, "circle"))


def scale_paint(title: str, values: np.ndarray, *, low: float, high: float, unknown: str = "not measured") -> MapPaint:
    """The paint of n points by a number, NaN where it was not measured; in twelve steps from `low` to `high`."""
    known = np.isfinite(values)
    step = np.clip((np.nan_to_num(values) - low) / max(high - low, 1e-9) * STEPS, 0, STEPS - 1).astype(np.int64)
    edges = np.linspace(low, high, STEPS + 1)
    names = tuple(f"{edges[k]:.2f} to {edges[k + 1]:.2f}" for k in range(STEPS))
    codes = np.where(known, step, STEPS).astype(np.uint8)
    return MapPaint(
        title,
        codes,
        (*names, unknown),
        (*sequential(STEPS), _GREY),
        ("circle",) * (STEPS + 1),
        scale=True,
        low=f"{low:.2f}",
        high=f"{high:.2f}",
    )


def point_map(places: np.ndarray, paint: MapPaint, labels: Sequence[str], *, title: str, reading: str) -> go.Figure:
    """A map as a figure that opens anywhere: (n, 2 or 3) places, one trace a class, the texts' beginnings on hover."""
    figure, flat = go.Figure(), places.shape[1] == 2
    kind = go.Scattergl if flat else go.Scatter3d
    for k, name in enumerate(paint.names):
        at = np.flatnonzero(paint.codes == k)
        if not len(at):
            continue
        axes = dict(zip("xyz", places[at].T.round(4).tolist(), strict=False))
        figure.add_trace(
            kind(
                **axes,
                mode="markers",
                name=name,
                text=[shorten(labels[int(i)]) for i in at],
                marker={
                    "size": 6 if flat else 3,
                    "color": paint.colours[k],
                    "line": {"color": OUTLINE, "width": 0.5 if flat else 0},
                },
                hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_layout(showlegend=True)
    figure = finish(
        figure, title=title, reading=reading, height=760, alt=f"{len(places):,} texts on a map, coloured by {paint.title}."
    )
    if flat:
        figure.update_xaxes(visible=False, fixedrange=False)
        figure.update_yaxes(visible=False, fixedrange=False, scaleanchor="x")
    return figure.update_layout(dragmode="pan" if flat else "orbit")
