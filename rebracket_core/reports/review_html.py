"""All figures of a run in one HTML file that opens anywhere, without a network."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import RebracketError
from rebracket_core.progress import ProgressReporter
from rebracket_core.reports.sections import REVIEW_SECTIONS, Note, ReviewContext, ReviewSection, Table
from rebracket_core.reports.sections.base import review_of, run_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

LEAKED = "LEAKED: this run was split by row, so texts of one song stood on both sides. Its figures measure memory, not skill."
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;background:#fff;color:#1d1b26}"
    "h1,h2{line-height:1.2}table{border-collapse:collapse}td,th{padding:.2rem .6rem;border-bottom:1px solid #ccc;"
    "text-align:left}.leaked{border:3px double currentcolor;padding:.6rem 1rem;font-weight:bold}figure{margin:1.5rem 0}"
    "figcaption,.note{color:#55515f;font-size:.9rem}div.table{overflow-x:auto}"
)
_CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False}


def run_report(context: ReviewContext, *, sections: Sequence[str] = (), progress: ProgressReporter | None = None) -> str:
    """Write the report as one HTML document. It holds figures and tables, and none of the texts.

    What a run cannot tell (it learnt no axes, kept no numbers) is named in its place.

    Args:
        context: the run under review with everything that its sections need.
        sections: names of the sections to write, in the registry's order; all where none is named.
        progress: gets (stage, parts done, parts in all).

    Raises:
        InputError: for the name of a section that is not registered.
    """
    for name in sections:
        REVIEW_SECTIONS.get(name)
    chosen = [section for section in REVIEW_SECTIONS if not sections or section.name in sections]
    parts = [(section, heading, value) for section in chosen for heading, value in section.parts()]
    body = []
    for done, (section, heading, value) in enumerate(parts):
        if progress:
            progress.update("Drawing", done, len(parts))
        body.append(_section(section, context, heading=heading, chosen=value))
    if progress:
        progress.update("Drawing", len(parts), len(parts))
    return _page(context, body="\n".join(body))


def _section(section: ReviewSection, context: ReviewContext, *, heading: str, chosen: str) -> str:
    try:
        blocks = "\n".join(map(_block, section.show(context, chosen=chosen)))
    except RebracketError as error:
        blocks = f'<p class="note">{html.escape(error.message)}</p>'
    name = html.escape(section.name, quote=True)
    return (
        f'<section data-section="{name}"><h2>{html.escape(heading)}</h2>\n'
        f'<p class="note">{html.escape(section.help)}</p>\n{blocks}</section>'
    )


def _block(block: go.Figure | Note | Table) -> str:
    if isinstance(block, Note):
        return f"<p>{html.escape(block.text)}</p>"
    return _table(block.rows) if isinstance(block, Table) else _figure(block)


def _figure(figure: go.Figure) -> str:
    meta = figure.layout.meta or {}
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)
    alt, reading = html.escape(str(meta.get("alt", "")), quote=True), html.escape(str(meta.get("reading", "")))
    return f'<figure role="group" aria-label="{alt}">{drawn}<figcaption>{reading}</figcaption></figure>'


def _page(context: ReviewContext, *, body: str) -> str:
    from plotly.offline import get_plotlyjs

    run, review, unit = run_of(context), review_of(context), context.unit
    title = html.escape(f"Review of {run.run_id}")
    leaked = f'<p class="leaked">{LEAKED}</p>' if review.leaked else ""
    facts = {
        "Run": run.run_id,
        "Data set": run.dataset,
        "Made": run.created_at,
        "Encoder": run.encoder_id,
        "Measured on": f"{len(review):,} texts of {review.n_groups:,} {unit}"
        + ("" if review.leaked else ", each predicted by a model that was not trained on its group (held-out)"),
        "Split": run.measured.split,
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
