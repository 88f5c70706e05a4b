"""Which prediction was given for which label: plain counts, or count, share and interval in cells that can be pressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.colours import OUTLINE, ink_on, sequential
from rebracket_core.charts.layout import finish, plain
from rebracket_core.charts.review.grid import Cell, Grid, cell_grid
from rebracket_core.errors import InputError


def confusion_counts(counts: Sequence[Sequence[int]], labels: Sequence[str], *, what: str = "album") -> go.Figure:
    """Draw a heat map with a number in every cell: rows are labels, columns predictions.

    Args:
        counts: (n, n) whole numbers in the order of `labels`; `counts[i][j]` texts of label i got prediction j.
        labels: the n names of rows and columns.
        what: what is predicted, for titles.

    Returns:
        The figure. Cells on the diagonal, the right predictions, are framed.

    Raises:
        InputError: where the shape and the labels do not fit.
    """
    _check_shape(counts, labels)
    names, scale, n = [plain(label) for label in labels], sequential(), len(labels)
    top = max([1, *(int(value) for row in counts for value in row)])
    figure = go.Figure(_heat_map(counts, names, scale=scale, top=top))
    _write_counts(figure, counts, scale=scale, top=top)
    right, total = sum(int(counts[i][i]) for i in range(n)), sum(int(v) for row in counts for v in row)
    figure.update_xaxes(title=f"predicted {what}", showgrid=False, tickangle=-45)
    figure.update_yaxes(autorange="reversed", title=f"labelled {what}", showgrid=False)
    return finish(
        figure,
        title=f"Label and prediction, {what}",
        height=130 + 42 * n,
        reading="Each row is a label and its numbers are how often each prediction was given; framed cells on the diagonal are "
        "right, all others are errors.",
        alt=f"Confusion of {what}: {right} of {total} on the diagonal.",
    )


def _heat_map(counts: Sequence[Sequence[int]], names: Sequence[str], *, scale: Sequence[str], top: int) -> go.Heatmap:
    return go.Heatmap(
        z=[[int(v) or None for v in row] for row in counts],
        x=list(names),
        y=list(names),
        zmin=0,
        zmax=top,
        xgap=2,
        ygap=2,
        colorscale=[[i / (len(scale) - 1), colour] for i, colour in enumerate(scale)],
        showscale=False,
        hovertemplate="label %{y}, prediction %{x}: %{z}<extra></extra>",
        hoverongaps=False,
    )


def _check_shape(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> None:
    n = len(labels)
    if len(counts) != n or any(len(row) != n for row in counts):
        raise InputError(
            "The confusion counts have the wrong shape.",
            expected=f"{n} rows of {n} counts",
            found=f"{len(counts)} rows of {sorted({len(row) for row in counts})}",
            hint="give one row and column a label",
        )


def _write_counts(figure: go.Figure, counts: Sequence[Sequence[int]], *, scale: Sequence[str], top: int) -> None:
    """Write each number into its cell in an ink that reads on its colour, and frame the diagonal."""
    for i, row in enumerate(counts):
        for j, value in enumerate(row):
            font = {"color": ink_on(scale[round(int(value) / top * (len(scale) - 1))])} if value else {}
            text = f"<b>{value}</b>" if i == j and value else str(value)
            figure.add_annotation(x=j, y=i, text=text, showarrow=False, font={"size": 13, **font})
        figure.add_shape(type="rect", x0=i - 0.5, x1=i + 0.5, y0=i - 0.5, y1=i + 0.5, line={"color": OUTLINE, "width": 2.5})


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """r labels and c predictions: `counts`, `share` of the label's texts, `low`, `high` (r, c) numbers, NaN or None for none.

    `few` (r,) marks labels on too few songs, `row_groups` their songs; `unit` says what these are called. `pressable` says that
    a press on a cell does something.
    """

    what: str
    labels: Sequence[str]
    predictions: Sequence[str]
    counts: Sequence[Sequence[float]]
    share: Sequence[Sequence[float]]
    low: Sequence[Sequence[float]]
    high: Sequence[Sequence[float]]
    few: Sequence[bool]
    row_n: Sequence[float]
    row_groups: Sequence[int]
    unit: str = "songs"
    expected: bool = False
    square: bool = True
    leaked: bool = False
    pressable: bool = False


def confusion_cells(table: ConfusionTable, *, counts: bool = True) -> go.Figure:
    """Draw the table as a grid of cells; with `counts` each says how many and, below, which share."""
    cells = [
        _cell(table, i, j, counts=counts)
        for i in range(len(table.labels))
        for j in range(len(table.predictions))
        if table.row_n[i] > 0
    ]
    absent = [t for t, n in zip(table.labels, table.row_n, strict=True) if not n]
    named = [f"{t} ({round(n)})" if n else t for t, n in zip(table.labels, table.row_n, strict=True)]
    how = "expected from the probabilities given" if table.expected else "by the prediction"
    reading = (
        "Each row is a label with its number of texts; a cell says how many of them got that prediction and, below, "
        "which share. "
        + ("Framed cells are right. " if table.square else "")
        + (f"Hatched rows rest on fewer {table.unit} than an interval can be trusted with. " if any(table.few) else "")
        + (f"Blank rows ({', '.join(absent)}) do not occur. " if absent else "")
        + ("Press a cell to see its texts." if table.pressable else "")
    ).strip()
    right = sum(table.counts[i][table.predictions.index(t)] for i, t in enumerate(table.labels) if t in list(table.predictions))
    total = sum(table.row_n)
    alt = f"Label and prediction of {table.what}, {how}: {total:.0f} texts"
    return cell_grid(
        cells,
        Grid(
            rows=named,
            columns=list(table.predictions),
            title=f"Label and prediction, {plain(table.what)}" + (" (leaked)" if table.leaked else ""),
            reading=reading,
            alt=f"{alt}, {right:.0f} on the diagonal." if table.square else f"{alt}.",
            row_title="label",
            column_title="prediction",
        ),
    )


def _cell(table: ConfusionTable, i: int, j: int, *, counts: bool) -> Cell:
    count, share = float(table.counts[i][j]), float(table.share[i][j])
    low, high = table.low[i][j], table.high[i][j]
    number = f"{count:.1f}" if table.expected else f"{count:.0f}"
    label, prediction = plain(table.labels[i]), plain(table.predictions[j])
    interval = f" ({low:.2f} to {high:.2f})" if low == low and low is not None else ""
    some = count >= 0.05
    return Cell(
        row=i,
        column=j,
        words=(f"{number}<br>{share:.2f}" if counts else f"{share:.2f}") if some else "",
        depth=share if some else None,
        hover=f"{label} → {prediction}: {number} of {table.row_n[i]:.0f} texts, {share:.2f}{interval}, "
        f"{table.row_groups[i]} {table.unit}",
        hatched=bool(table.few[i]) and some,
        framed=table.square and table.labels[i] == table.predictions[j],
    )
