"""Which answer was given for which truth."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from rebracket_core.charts.colours import OUTLINE, ink_on, sequential
from rebracket_core.charts.layout import finish, plain
from rebracket_core.errors import InputError


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str], *, what: str = "album") -> go.Figure:
    """A heat map with a number in every cell: rows are the truth, columns the answer.

    `counts` is (n, n) whole numbers in the order of `labels`, `counts[i][j]` = truth i answered j. Cells on the
    diagonal, the right answers, are framed. Raises InputError where the shape and the labels do not fit.
    """
    n = len(labels)
    if len(counts) != n or any(len(row) != n for row in counts):
        raise InputError(
            "The confusion counts have the wrong shape.",
            expected=f"{n} rows of {n} counts",
            found=f"{len(counts)} rows of {sorted({len(row) for row in counts})}",
            hint="give one row and column a label",
        )
    names, scale = [plain(label) for label in labels], sequential()
    top = max([1, *(int(value) for row in counts for value in row)])
    figure = go.Figure(
        go.Heatmap(
            z=[[int(v) or None for v in row] for row in counts],
            x=names,
            y=names,
            zmin=0,
            zmax=top,
            xgap=2,
            ygap=2,
            colorscale=[[i / (len(scale) - 1), colour] for i, colour in enumerate(scale)],
            showscale=False,
            hovertemplate="truth %{y}, answer %{x}: %{z}<extra></extra>",
            hoverongaps=False,
        )
    )
    for i, row in enumerate(counts):
        for j, value in enumerate(row):
            shade = scale[round(int(value) / top * (len(scale) - 1))]
            font = {"color": ink_on(shade)} if value else {}
            text = f"<b>{value}</b>" if i == j and value else str(value)
            figure.add_annotation(x=j, y=i, text=text, showarrow=False, font={"size": 13, **font})
        figure.add_shape(type="rect", x0=i - 0.5, x1=i + 0.5, y0=i - 0.5, y1=i + 0.5, line={"color": OUTLINE, "width": 2.5})
    right, total = sum(int(counts[i][i]) for i in range(n)), sum(int(v) for row in counts for v in row)
    figure.update_xaxes(title=f"answered {what}", showgrid=False, tickangle=-45)
    figure.update_yaxes(autorange="reversed", title=f"true {what}", showgrid=False)
    return finish(
        figure,
        title=f"Truth and answer, {what}",
        height=130 + 42 * n,
        reading="Each row is a true label and its numbers are how often each answer was given; framed cells on the "
        "diagonal are right, all others are mistakes.",
        alt=f"Confusion of {what}: {right} of {total} on the diagonal.",
    )
