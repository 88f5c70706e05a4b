"""Tables of cells that can be pressed: a value and its sureness in each, hatched where it rests on too little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from rebracket_core.charts.colours import GRID, OUTLINE, ink_on, sequential
from rebracket_core.charts.layout import finish, plain

_HALF = 0.47


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: where it stands, its lines of text, how deep its colour is (0 to 1, None for no fill), and what hovers over it.

    `hatched` marks a value that rests on too little, `framed` one that is right.
    """

    row: int
    column: int
    words: str
    depth: float | None
    hover: str = ""
    hatched: bool = False
    framed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What stands around the cells: names of rows and columns, the title, how to read it, and words for a screen reader."""

    rows: Sequence[str]
    columns: Sequence[str]
    title: str
    reading: str
    alt: str
    row_title: str = ""
    column_title: str = ""


def cell_grid(cells: Sequence[Cell], grid: Grid) -> go.Figure:
    """Draw a grid of cells; cells that are not given stay blank. `customdata` of each is its [row, column].

    Drawn as bars, because Streamlit tells which bar was pressed and does not tell it of a heat map.
    """
    scale = sequential()
    fills = [_fill(cell.depth, scale) for cell in cells]
    figure = go.Figure(_bars(cells, fills))
    # All at once: adding them one by one takes a minute for 27 times 27 cells.
    figure.update_layout(annotations=[_words(cell, fill) for cell, fill in zip(cells, fills, strict=True) if cell.words])
    figure.update_xaxes(
        range=[-0.5, len(grid.columns) - 0.5],
        tickvals=list(range(len(grid.columns))),
        ticktext=[plain(c) for c in grid.columns],
        tickangle=-45,
        title=grid.column_title or None,
        showgrid=False,
    )
    figure.update_yaxes(
        range=[len(grid.rows) - 0.5, -0.5],
        tickvals=list(range(len(grid.rows))),
        ticktext=[plain(r) for r in grid.rows],
        title=grid.row_title or None,
        showgrid=False,
    )
    figure = finish(figure, title=grid.title, height=150 + 46 * len(grid.rows), reading=grid.reading, alt=grid.alt)
    return figure.update_layout(bargap=0)


def _bars(cells: Sequence[Cell], fills: Sequence[str]) -> go.Bar:
    return go.Bar(
        x=[cell.column for cell in cells],
        y=[2 * _HALF] * len(cells),
        base=[cell.row - _HALF for cell in cells],
        width=2 * _HALF,
        marker={
            "color": list(fills),
            "line": {
                "color": [OUTLINE if cell.framed else GRID for cell in cells],
                "width": [2.5 if cell.framed else 1 for cell in cells],
            },
            "pattern": {
                "shape": ["/" if cell.hatched else "" for cell in cells],
                "size": 9,
                "solidity": 0.12,
                "fillmode": "overlay",
                "fgcolor": OUTLINE,
            },
        },
        customdata=[[cell.row, cell.column] for cell in cells],
        hovertext=[cell.hover or cell.words for cell in cells],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        cliponaxis=False,
    )


def _words(cell: Cell, fill: str) -> dict[str, Any]:
    font = {"color": ink_on(fill)} if cell.depth is not None else {}
    return {
        "x": cell.column,
        "y": cell.row,
        "text": cell.words,
        "showarrow": False,
        "captureevents": False,
        "font": {"size": 11, **font},
    }


def _fill(depth: float | None, scale: Sequence[str]) -> str:
    if depth is None:
        return "rgba(0,0,0,0)"
    return scale[round(min(1.0, max(0.0, depth)) * (len(scale) - 1))]
