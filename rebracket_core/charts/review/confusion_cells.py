"""Which answer was given for which truth: count, share and interval in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from rebracket_core.charts.layout import plain
from rebracket_core.charts.review.grid import Cell, cell_grid


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """r truths and c answers: `counts`, `share` of the truth's texts, `low`, `high` (r, c) numbers, NaN or None for none.

    `few` (r,) marks truths on too few songs, `row_groups` their songs; `unit` says what these are called.
    """

    what: str
    truths: Sequence[str]
    answers: Sequence[str]
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


def confusion_cells(table: ConfusionTable, *, counts: bool = True) -> go.Figure:
    """The table as a grid that can be pressed; with `counts` each cell says how many and, below, which share."""
    cells = [
        _cell(table, i, j, counts=counts)
        for i in range(len(table.truths))
        for j in range(len(table.answers))
        if table.row_n[i] > 0
    ]
    absent = [t for t, n in zip(table.truths, table.row_n, strict=True) if not n]
    named = [f"{t} ({round(n)})" if n else t for t, n in zip(table.truths, table.row_n, strict=True)]
    how = "expected from the probabilities given" if table.expected else "by the first answer"
    reading = (
        "Each row is a truth with its number of texts; a cell says how many of them got that answer and, below, which share. "
        + ("Framed cells are right. " if table.square else "")
        + (f"Hatched rows rest on fewer {table.unit} than an interval can be trusted with. " if any(table.few) else "")
        + (f"Blank rows ({', '.join(absent)}) do not occur. " if absent else "")
        + "Press a cell to see its texts."
    )
    right = sum(table.counts[i][table.answers.index(t)] for i, t in enumerate(table.truths) if t in list(table.answers))
    total = sum(table.row_n)
    alt = f"Truth and answer of {table.what}, {how}: {total:.0f} texts"
    return cell_grid(
        cells,
        rows=named,
        columns=list(table.answers),
        title=f"Truth and answer, {plain(table.what)}" + (" (leaked)" if table.leaked else ""),
        reading=reading,
        alt=f"{alt}, {right:.0f} on the diagonal." if table.square else f"{alt}.",
        row_title="truth",
        column_title="answer",
    )


def _cell(table: ConfusionTable, i: int, j: int, *, counts: bool) -> Cell:
    count, share = float(table.counts[i][j]), float(table.share[i][j])
    low, high = table.low[i][j], table.high[i][j]
    number = f"{count:.1f}" if table.expected else f"{count:.0f}"
    truth, answer = plain(table.truths[i]), plain(table.answers[j])
    interval = f" ({low:.2f} to {high:.2f})" if low == low and low is not None else ""
    some = count >= 0.05
    return Cell(
        row=i,
        column=j,
        words=(f"{number}<br>{share:.2f}" if counts else f"{share:.2f}") if some else "",
        depth=share if some else None,
        hover=f"{truth} → {answer}: {number} of {table.row_n[i]:.0f} texts, {share:.2f}{interval}, "
        f"{table.row_groups[i]} {table.unit}",
        hatched=bool(table.few[i]) and some,
        framed=table.square and table.truths[i] == table.answers[j],
    )
