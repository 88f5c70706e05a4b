"""All figures of a run in one HTML file that opens anywhere, without a network."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.errors import RebracketError
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.reports import review_figures as figures
from rebracket_core.runs.store import RunInfo
from rebracket_core.settings import Thresholds

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rebracket_core.insight.geometry.entities import Geometry
    from rebracket_core.insight.review import Review

Progress = Callable[[str, int, int], None]
MOST_SUSPECTS = 50
LEAKED = "LEAKED: this run was split by row, so texts of one song stood on both sides. Its figures measure memory, not skill."
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;background:#fff;color:#1d1b26}"
    "h1,h2{line-height:1.2}table{border-collapse:collapse}td,th{padding:.2rem .6rem;border-bottom:1px solid #ccc;"
    "text-align:left}.leaked{border:3px double currentcolor;padding:.6rem 1rem;font-weight:bold}figure{margin:1.5rem 0}"
    "figcaption,.note{color:#55515f;font-size:.9rem}div.table{overflow-x:auto}"
)
_CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False}


def run_report(
    run: RunInfo, review: Review, *, unit: str, seed: int, geometry: Callable[[], Geometry], progress: Progress | None = None
) -> str:
    """The report as one HTML document. It holds figures and tables, and none of the texts.

    What a run cannot tell (it learnt no axes, kept no numbers) is named in its place. `geometry` measures the unseen texts.
    """
    parts = _sections(run, review, unit=unit, seed=seed, geometry=geometry)
    body = []
    for done, (heading, build) in enumerate(parts):
        if progress:
            progress("Drawing", done, len(parts))
        body.append(_section(heading, build))
    if progress:
        progress("Drawing", len(parts), len(parts))
    return _page(run, review, unit=unit, body="\n".join(body))


Build = Callable[[], Sequence["go.Figure | str"]]


def _sections(
    run: RunInfo, review: Review, *, unit: str, seed: int, geometry: Callable[[], Geometry]
) -> list[tuple[str, Build]]:
    from rebracket_core.insight.errors.confusion_matrix import Question

    found: list[tuple[str, Build]] = [("Scores on unseen " + unit, lambda: [_scores(run.metrics)])]
    for what in Question:
        found.append((f"Truth and answer: {what}", lambda w=what: _confusion(review, w, unit=unit, seed=seed)))  # type: ignore[misc]
    found.append(("Axes together", lambda: _together(review, seed=seed)))
    for name in ("album", *AXIS_NAMES):
        found.append((f"Probabilities: {name}", lambda n=name: _probabilities(run, review, n, seed=seed)))  # type: ignore[misc]
    found.append(("The gate", lambda: _gate(run, review, seed=seed)))
    found.append(("Unlike the training texts", lambda: [figures.ood_figure(review, limit=_limits(run).ood_p)]))
    found.append(("Where it is worse", lambda: _slices(review, seed=seed)))
    found.append(("Suspected labels", lambda: _suspects(review)))
    found.append(("Geometry of the unseen texts", lambda: _geometry(geometry(), unit=unit)))
    return found


def _section(heading: str, build: Build) -> str:
    try:
        blocks = "\n".join(b if isinstance(b, str) else _figure(b) for b in build())
    except RebracketError as error:
        blocks = f'<p class="note">{html.escape(error.message)}</p>'
    return f"<section><h2>{html.escape(heading)}</h2>\n{blocks}</section>"


def _figure(figure: go.Figure) -> str:
    meta = figure.layout.meta or {}
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)
    alt, reading = html.escape(str(meta.get("alt", "")), quote=True), html.escape(str(meta.get("reading", "")))
    return f'<figure role="group" aria-label="{alt}">{drawn}<figcaption>{reading}</figcaption></figure>'


def _page(run: RunInfo, review: Review, *, unit: str, body: str) -> str:
    from plotly.offline import get_plotlyjs

    title = html.escape(f"Review of {run.run_id}")
    leaked = f'<p class="leaked">{LEAKED}</p>' if review.leaked else ""
    facts = {
        "Run": run.run_id,
        "Data set": run.dataset,
        "Made": run.created_at,
        "Encoder": run.encoder_id,
        "Asked": f"{len(review):,} texts of {review.n_groups:,} {unit}"
        + ("" if review.leaked else ", each answered by a model that had not met its group"),
        "Split": str(run.metrics.get("split") or ""),
    }
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style>'
        f"<script>{get_plotlyjs()}</script></head>\n<body><h1>{title}</h1>{leaked}{_table([facts], upright=True)}\n"
        f"{body}\n</body></html>\n"
    )


def _table(rows: Sequence[Mapping[str, Any]], *, upright: bool = False) -> str:
    if not rows:
        return '<p class="note">Nothing to show.</p>'
    cell = [[_plain(value) for value in row.values()] for row in rows]
    if upright:
        lines = [f"<tr><th>{html.escape(k)}</th><td>{v}</td></tr>" for k, v in zip(rows[0], cell[0], strict=True)]
        return f'<div class="table"><table>{"".join(lines)}</table></div>'
    head = "".join(f"<th>{html.escape(k)}</th>" for k in rows[0])
    lines = ["<tr>" + "".join(f"<td>{v}</td>" for v in line) + "</tr>" for line in cell]
    return f'<div class="table"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def _plain(value: Any) -> str:
    return html.escape("" if value is None or value != value else f"{value:.3f}" if isinstance(value, float) else str(value))


def _scores(metrics: Mapping[str, Any]) -> str:
    rows = {"album": metrics.get("album") or {}, **{a: (metrics.get("metrics") or {}).get(a) or {} for a in AXIS_NAMES}}
    keys = ("accuracy", "ci_low", "ci_high", "n", "n_groups", "majority", "lookup", "tfidf_lr")
    return _table([{"question": name, **{key: row.get(key) for key in keys}} for name, row in rows.items()])


def _confusion(review: Review, what: Any, *, unit: str, seed: int) -> list[go.Figure | str]:
    from rebracket_core.insight.errors.confusion_matrix import confused_pairs, confusion

    cells = confusion(review, what, seed=seed)
    figure = figures.confusion_figure(cells, unit=unit, leaked=review.leaked)
    figure.layout.meta["reading"] = str(figure.layout.meta["reading"]).replace(" Press a cell to see its texts.", "")
    pairs = confused_pairs(cells)[:10] if cells.square else []
    rows = [
        {"truth": p.truth, "answer": p.answer, "texts": int(p.count), "share": p.share, "low": p.low, "high": p.high}
        for p in pairs
    ]
    return [figure, _table(rows)] if rows else [figure]


def _together(review: Review, *, seed: int) -> list[go.Figure | str]:
    from rebracket_core.insight.errors.joint import joint_failures

    found = joint_failures(review, seed=seed)
    return [figures.failures_figure(found, leaked=review.leaked)] if found else [_table([])]


def _probabilities(run: RunInfo, review: Review, what: str, *, seed: int) -> list[go.Figure | str]:
    from rebracket_core.insight.calibration.confidence import answered, calibrated

    told = answered(review, what)
    accept = _limits(run).accept if what == "album" else None
    return [
        figures.distribution_figure(told, what=what, accept=accept, leaked=review.leaked),
        figures.reliability_figure(calibrated(told, seed=seed), what=what, leaked=review.leaked),
    ]


def _gate(run: RunInfo, review: Review, *, seed: int) -> list[go.Figure | str]:
    from rebracket_core.insight.calibration.acceptance import gate_curve, own_point
    from rebracket_core.insight.calibration.confidence import answered, risk_coverage

    if not any(review.verdict):
        return ['<p class="note">This run gives no verdicts.</p>']
    curve, own = risk_coverage(answered(review, "album"), seed=seed), own_point(review, seed=seed)
    rows = [
        {
            "accepted": own.coverage,
            "low": own.coverage_low,
            "high": own.coverage_high,
            "right of these": own.right,
            "from": own.right_low,
            "to": own.right_high,
            "AURC": curve.aurc,
            "AUGRC": curve.augrc,
            "AUGRC by chance": curve.augrc_random,
            "best AUGRC": curve.augrc_best,
        }
    ]
    gate = gate_curve(review, _limits(run))
    return [figures.coverage_figure(curve, gate=gate, own=own, leaked=review.leaked), _table(rows)]


def _slices(review: Review, *, seed: int) -> list[go.Figure | str]:
    from rebracket_core.insight.errors.slices import find_slices, properties_of

    at = np.flatnonzero(review.judged)
    right = (review.album_top == review.album_truth)[at].astype(np.float64)
    report = find_slices(right, properties_of(review, at), review.groups[at], rows=at, seed=seed)
    return [figures.slices_figure(report, leaked=review.leaked)] if report.slices else [_table([])]


def _suspects(review: Review) -> list[go.Figure | str]:
    from rebracket_core.insight.errors.ranking import suspected_labels

    asked = ["album", *(AXIS_NAMES if review.answers is not None else ())]
    found = {question: suspected_labels(review, question=question) for question in asked}
    note = (
        "Labels that the run doubts, by confident learning on calibrated probabilities. A doubt is no proof: a weak model "
        "doubts right labels too. The texts stand on the Errors page, from where they go to a blind second look."
    )
    rows = [
        {"question": question, "row": s.row_id, "label": s.label, "the model says": s.suggested, "believed": s.quality}
        for question, own in found.items()
        for s in own[:MOST_SUSPECTS]
    ]
    counts = [{"question": question, "labels in doubt": len(own)} for question, own in found.items()]
    return [f'<p class="note">{html.escape(note)}</p>', _table(counts), *([_table(rows)] if rows else [])]


def _geometry(found: Geometry, *, unit: str) -> list[go.Figure | str]:
    from rebracket_core.insight.geometry.colour_space import colour_distances
    from rebracket_core.rainbow import ALBUM_NAMES

    path = found.path
    steps = [
        {
            "from": ALBUM_NAMES[path.labels[k]],
            "to": ALBUM_NAMES[path.labels[k + 1]],
            "squared length": float(length),
            "cosine with the next step": float(path.cosines[k]) if k < len(path.cosines) else None,
        }
        for k, length in enumerate(path.lengths.tolist())
    ]
    pairs = [
        {
            "axes": f"{p.first} and {p.second}",
            "cosine": p.cosine,
            "low": p.low,
            "high": p.high,
            "p": p.p,
            "one direction": "yes" if p.one_direction else "not shown",
            "labels go together": p.labels_agree,
            "texts": p.n,
        }
        for p in found.angles.pairs
    ]
    note = (
        f"Where {found.n:,} labelled texts lie in the space of the encoder; the model's answers have no part in it. The path "
        f"of the albums in their order: {path.shape}; cosine between steps {path.cosine:+.2f} ({path.low:+.2f} to "
        f"{path.high:+.2f}), +1 on a line, {path.half_circle:+.2f} on a half circle."
    )
    parts: list[go.Figure | str] = [
        figures.distances_figure(found.distances, unit=unit),
        f'<p class="note">{html.escape(note)}</p>',
        _table(steps),
    ]
    if pairs:
        parts += [figures.angles_figure(found.angles), _table(pairs)]
    if found.colour is not None:
        parts.append(figures.colours_figure(colour_distances(), found.distances, rho=found.colour.rho, p=found.colour.p))
    return parts


def _limits(run: RunInfo) -> Thresholds:
    return Thresholds.from_dict(run.thresholds)
