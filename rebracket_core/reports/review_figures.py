"""What a review found, as figures: the same on the pages and in the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.charts import (
    BandBin,
    CalibrationError,
    Cell,
    ConfusionTable,
    Curve,
    Grid,
    LayerPoint,
    PartGap,
    Point,
    SharePair,
    cell_grid,
    colour_pairs,
    confusion_cells,
    layer_curve,
    part_gaps,
    probability_distribution,
    reliability_band,
    risk_coverage_curve,
    share_pairs,
)
from rebracket_core.rainbow import ALBUM_NAMES

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rebracket_core.insight import Review
    from rebracket_core.insight.calibration import GateCurve, GatePoint, ReliabilityDiagram, RiskCoverage, TopPredictions
    from rebracket_core.insight.errors import Cells, Failure, SliceReport
    from rebracket_core.insight.geometry import AxisAngles, Distances, Layers

LEVEL = 0.05
MOST_SLICES = 12


def confusion_figure(cells: Cells, *, unit: str, leaked: bool, pressable: bool = False) -> go.Figure:
    """The table of label and prediction."""
    return confusion_cells(
        ConfusionTable(
            what=cells.what,
            labels=list(cells.truths),
            predictions=list(cells.predictions),
            counts=cells.counts.tolist(),
            share=cells.share.tolist(),
            low=cells.low.tolist(),
            high=cells.high.tolist(),
            few=cells.few.tolist(),
            row_n=cells.row_n.tolist(),
            row_groups=cells.row_groups.tolist(),
            unit=unit,
            expected=cells.expected,
            square=cells.square,
            leaked=leaked,
            pressable=pressable,
        )
    )


def failures_figure(failures: Sequence[Failure], *, leaked: bool) -> go.Figure:
    """Which axes fail together, beside what would be if they failed each for itself; all right is left out."""
    pairs = [SharePair(" + ".join(f.axes), f.share, f.low, f.high, f.apart, f.count) for f in failures if f.axes]
    return share_pairs(
        pairs,
        title="Which axes fail together",
        expected="if each axis failed for itself",
        reading="Each bar is the share of texts on which exactly these axes are wrong, with its number of texts. Where a bar "
        "for two axes passes its mark, they fail together more than each for itself would: the model holds them for one.",
        leaked=leaked,
    )


def distribution_figure(predictions: TopPredictions, *, what: str, accept: float | None, leaked: bool) -> go.Figure:
    """How sure right and wrong predictions are."""
    right = predictions.right > 0.5
    mark = " (leaked)" if leaked else ""
    return probability_distribution(
        {"right": predictions.p[right].tolist(), "wrong": predictions.p[~right].tolist()},
        accept=accept,
        title=f"How sure it is when right and when wrong, {what}{mark}",
        what=f"probability of the first {'album' if what == 'album' else 'mode'}",
        reading="Each column counts the held-out texts whose prediction got about that probability. Wrong predictions far to "
        "the right are those that no threshold catches."
        + (f" The dashed line, {accept:.2f}, is where acceptance begins." if accept is not None else ""),
    )


def reliability_figure(found: ReliabilityDiagram, *, what: str, leaked: bool) -> go.Figure:
    """The probabilities against what was right."""
    bins = [BandBin(b.probability, b.right, b.low, b.high, b.band_low, b.band_high, b.n) for b in found.bins]
    error = CalibrationError(found.error, by_chance=found.perfect, by_chance_high=found.perfect_high)
    return reliability_band(bins, what=what, found=error, leaked=leaked)


def coverage_figure(
    curve: RiskCoverage,
    *,
    gate: GateCurve | None = None,
    own: GatePoint | None = None,
    tried: GatePoint | None = None,
    leaked: bool = False,
) -> go.Figure:
    """Risk over coverage: the album's probability alone, the gate at every acceptance, and where it stands."""
    curves = [Curve("by the album's probability alone", curve.coverage.tolist(), curve.risk.tolist(), curve.threshold.tolist())]
    if gate is not None and len(gate.coverage):
        keep = np.unique(np.linspace(0, len(gate.coverage) - 1, min(200, len(gate.coverage))).round().astype(int))
        curves.append(Curve("the gate", gate.coverage[keep].tolist(), gate.risk[keep].tolist(), gate.accept[keep].tolist()))
    points = [_gate_mark(name, point) for name, point in (("the gate as it is", own), ("your thresholds", tried)) if point]
    return risk_coverage_curve(
        curves, points=[p for p in points if p is not None], overall=float(curve.risk[-1]), leaked=leaked
    )


def _gate_mark(name: str, point: GatePoint) -> Point | None:
    if point.right is None:
        return None
    low = None if point.right_high is None else 1.0 - point.right_high
    high = None if point.right_low is None else 1.0 - point.right_low
    return Point(name, point.coverage, 1.0 - point.right, low, high)


def ood_figure(review: Review, *, limit: float) -> go.Figure:
    """The out-of-distribution p-values of the held-out texts, by whether their album is right."""
    p, comparable = review.all_predictions().ood_p, review.comparable
    right = comparable & (review.album_top == review.album_truth)
    return probability_distribution(
        {"right album": p[right].tolist(), "wrong album": p[comparable & ~right].tolist(), "no label": p[~comparable].tolist()},
        accept=limit,
        title="Out-of-distribution test" + (" (leaked)" if review.leaked else ""),
        what="p-value of being like the training texts",
        reading="Held-out songs of the same kind spread evenly from 0 to 1; a heap on the left would mean that the "
        f"detector takes new songs for out of distribution. Left of the dashed line, {limit:.2f}, the gate rejects a text.",
    )


def slices_figure(report: SliceReport, *, leaked: bool) -> go.Figure:
    """The worst parts of the texts against the rest."""
    parts = [PartGap(f"{s.what}: {s.value}", s.difference, s.low, s.high, s.n, s.worse) for s in report.slices[:MOST_SLICES]]
    return part_gaps(parts, looked_at=report.looked_at, leaked=leaked)


def distances_figure(found: Distances, *, unit: str) -> go.Figure:
    """How far the albums' centres lie apart."""
    lengths, top = found.lengths, float(np.nanmax(np.where(np.isfinite(found.squared), found.lengths, 0.0))) or 1.0
    cells = [
        Cell(
            row=i,
            column=j,
            words=f"{lengths[i, j]:.2f}",
            depth=lengths[i, j] / top,
            hover=f"{ALBUM_NAMES[i]} and {ALBUM_NAMES[j]}: {lengths[i, j]:.3f}, p {found.p[i, j]:.3f}; "
            f"naively {found.naive[i, j]:.3f}",
            hatched=bool(found.p[i, j] >= LEVEL),
        )
        for i in range(len(ALBUM_NAMES))
        for j in range(len(ALBUM_NAMES))
        if i != j and np.isfinite(found.squared[i, j])
    ]
    names = [f"{name} ({n})" if n else name for name, n in zip(ALBUM_NAMES, found.n_groups.tolist(), strict=True)]
    return cell_grid(
        cells,
        Grid(
            rows=names,
            columns=list(ALBUM_NAMES),
            title="How far albums lie apart",
            reading=f"Distance between the centres of two albums' texts, in brackets the {unit} of each. Only texts of "
            "different "
            f"{unit} are compared, so that albums with few of them do not look remote. Hatched pairs are no farther apart than "
            "albums dealt at random (p at least 0.05, corrected for all pairs); 0.00 is no distance that could be shown.",
            alt=f"Distances between {len(cells) // 2} pairs of albums; {int(np.nansum(np.triu(found.p < LEVEL, k=1)))} are "
            "proven.",
        ),
    )


def angles_figure(found: AxisAngles) -> go.Figure:
    """The cosines between the directions of modes of different axes."""
    cells = [
        Cell(
            row=i,
            column=j,
            words=f"{found.cosines[i, j]:+.2f}",
            depth=max(0.0, float(found.cosines[i, j])),
            hover=f"{found.modes[i]} and {found.modes[j]}: {found.cosines[i, j]:+.3f}",
        )
        for i in range(len(found.modes))
        for j in range(len(found.modes))
        if np.isfinite(found.cosines[i, j])
    ]
    return cell_grid(
        cells,
        Grid(
            rows=found.modes,
            columns=found.modes,
            title="Directions of the modes",
            reading="The cosine between two modes' directions, each from the middle of its axis: +1.00 is one and the same "
            "direction, 0 none in common. Estimated across songs, so that it can pass 1 by chance. Modes of one axis stay "
            "blank.",
            alt="Cosines between modes of different axes: "
            + ", ".join(f"{p.first} and {p.second} {p.cosine:+.2f}" for p in found.pairs)
            + ".",
        ),
    )


def colours_figure(colours: np.ndarray, found: Distances, *, rho: float, p: float) -> go.Figure:
    """Distances of colours against those of texts, a dot a pair of albums."""
    pairs = [
        (i, j) for i in range(len(ALBUM_NAMES)) for j in range(i + 1, len(ALBUM_NAMES)) if np.isfinite(found.squared[i, j])
    ]
    return colour_pairs(
        [f"{ALBUM_NAMES[i]} and {ALBUM_NAMES[j]}" for i, j in pairs],
        [float(colours[i, j]) for i, j in pairs],
        [float(found.lengths[i, j]) for i, j in pairs],
        rho=rho,
        p=p,
    )


def layer_figures(found: Layers) -> dict[str, go.Figure]:
    """One figure a question: what each layer knows of it."""
    figures = {}
    for what in dict.fromkeys(p.question for p in found.probes):
        own = [p for p in found.probes if p.question == what]
        points = [LayerPoint(p.layer, p.right, p.low, p.high, p.control) for p in own]
        figures[what] = layer_curve(points, what=what, majority=own[0].majority)
    return figures


def cka_figure(found: Layers) -> go.Figure:
    """How alike the layers are."""
    names = [f"layer {k}" for k in range(len(found.cka))]
    cells = [
        Cell(row=i, column=j, words=f"{value:.2f}", depth=max(0.0, float(value)))
        for i, line in enumerate(found.cka.tolist())
        for j, value in enumerate(line)
    ]
    return cell_grid(
        cells,
        Grid(
            rows=names,
            columns=names,
            title="How alike the layers are",
            reading=f"Debiased CKA over {found.n_cka} texts: 1 says that two layers hold the same, up to turning and "
            "scaling; layers of noise would be at 0.",
            alt="CKA between layers: first and last " + (f"{found.cka[0, -1]:.2f}" if len(found.cka) else "none") + ".",
        ),
    )
