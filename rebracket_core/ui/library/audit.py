"""An audit on a page: what matters first, then the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pandas as pd
import streamlit as st

from rebracket_core.charts import album_counts
from rebracket_core.corpus import DatasetMeta
from rebracket_core.corpus.audit import AuditReport, Finding, Level
from rebracket_core.ui.concepts.sentences import units
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.library.datasets import place_of, worked_out
from rebracket_core.workbench import Workbench

_MOST_KEPT, _MOST_EVIDENCE = 16, 12
_BOXES: dict[Level, tuple[str, str, Callable[..., object]]] = {
    Level.PROBLEM: ("Problem", ":material/error:", st.error),
    Level.WARNING: ("Keep in mind", ":material/warning:", st.warning),
    Level.INFO: ("Fact", ":material/info:", st.info),
}


@st.cache_resource(show_spinner=False)
def _kept() -> dict[str, AuditReport]:
    return {}


def report_of(workbench: Workbench, meta: DatasetMeta) -> AuditReport:
    """The audit of a data set, made with progress the first time and remembered by its digest."""
    return worked_out(
        _kept(),
        meta,
        make=lambda progress: workbench.datasets.audit(meta.name, progress=progress),
        doing="Auditing",
        done="Audited",
        most=_MOST_KEPT,
    )


def remembered(meta: DatasetMeta) -> AuditReport | None:
    """The audit of a data set where one was made since the app started, else None."""
    return _kept().get(place_of(meta))


def show_findings(report: AuditReport, *, levels: Collection[Level] = tuple(Level)) -> None:
    """Draw the findings of these levels, problems first, each with its word, its numbers and some evidence."""
    for finding in report.findings:
        if Level(finding.level) not in levels:
            continue
        word, icon, box = _BOXES[Level(finding.level)]
        box(finding_text(finding, word=word), icon=icon)


def finding_text(finding: Finding, *, word: str) -> str:
    """A finding as Markdown with everything from data escaped."""
    lines = [f"**{word}: {escape(finding.title)}**", escape(finding.detail)]
    if finding.evidence:
        more = len(finding.evidence) - _MOST_EVIDENCE
        shown = ", ".join(escape(e) for e in finding.evidence[:_MOST_EVIDENCE])
        lines.append(f"Evidence: {shown}" + (f" and {more} more" if more > 0 else ""))
    return "  \n".join(lines)


def show_numbers(report: AuditReport, meta: DatasetMeta) -> None:
    """Draw the counts behind the findings: sizes, albums, modes and what is missing."""
    unit = units(meta.origins)
    with st.grid(4, min_column_width=150):
        st.metric("Rows", f"{report.n_rows:,}", border=True)
        st.metric("Different texts", f"{report.n_texts:,}", border=True)
        st.metric(unit.capitalize(), f"{report.n_groups:,}", border=True)
        st.metric(
            "Texts shared between rows",
            f"{report.leakage.text_twins:.0%}",
            border=True,
            help="Share of the texts held out by a split by row whose same text stands in training.",
        )
    left, right = st.columns(2)
    with left:
        show(album_counts({n: (c.rows, c.groups) for n, c in report.albums.items()}, unit=unit), key="audit.albums")
    with right:
        st.markdown("**Modes of each axis**")
        st.dataframe(mode_frame(report), hide_index=True, alt="Rows and groups of each mode on each axis", height=350)
        st.caption("“none” has a label that names no mode, “multi” has several, “soft” is a distribution set by hand.")
    left, right = st.columns(2)
    with left:
        st.markdown("**Labels that are missing**")
        st.dataframe(
            pd.DataFrame([{"label": k.replace("_", " "), "rows without": n} for k, n in report.missing.items()]),
            hide_index=True,
            alt="How many rows lack each label",
        )
    with right:
        st.markdown("**Rebracketing types**")
        if report.types:
            st.dataframe(
                pd.DataFrame([{"type": k, "rows": n} for k, n in report.types.items()]),
                hide_index=True,
                alt="How many rows have each rebracketing type",
            )
            st.caption("From: " + escape(", ".join(f"{k or 'unknown'} {n}" for k, n in report.types_from.items())))
        else:
            st.text("No row has one.")


def mode_frame(report: AuditReport) -> pd.DataFrame:
    """One row a mode of an axis, with its rows and groups; kinds without a row are left out."""
    return pd.DataFrame(
        [
            {"axis": axis, "mode": mode, "rows": count.rows, "groups": count.groups}
            for axis, modes in report.modes.items()
            for mode, count in modes.items()
            if count.rows
        ]
    )
