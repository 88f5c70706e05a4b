"""Many verdicts as one table: its rows, its filters, its columns."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.ui.kit.markdown import snippet
from rebracket_core.ui.kit.swatch import swatch_svg
from rebracket_core.validation import Verdict, is_remark
from rebracket_core.verdict_kinds import VerdictKind

FAILED = "failed"
VERDICTS = (*map(str, VerdictKind), FAILED)
_COLOURS = {
    name: "data:image/svg+xml;base64," + base64.b64encode(swatch_svg(name, size=32).encode()).decode() for name in ALBUM_NAMES
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show of a table of verdicts; empty fields let everything pass."""

    text: str = ""
    verdicts: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    against_source: bool = False

    def passes(self, verdict: Verdict) -> bool:
        """Whether a verdict is to be shown."""
        where = f"{verdict.text} {verdict.id} {verdict.source}".casefold()
        return (
            (not self.verdicts or kind_of(verdict) in self.verdicts)
            and (not self.albums or verdict.album in self.albums)
            and (not self.against_source or as_expected(verdict) == "no")
            and self.text.strip().casefold() in where
        )


def as_expected(verdict: Verdict) -> str:
    """Whether the album is the one that the source names: "yes" or "no", or "" without such an album or without an answer."""
    expected = verdict.expected_album
    return "" if not expected or verdict.error is not None else ("yes" if expected == verdict.album else "no")


def kind_of(verdict: Verdict) -> str:
    """The verdict in a word: one of the four, or "failed" where there is an error."""
    return FAILED if verdict.error is not None else str(verdict.verdict)


def verdict_frame(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """One row a verdict in the given order, with the album's colour; empty columns are left out."""
    frame = pd.DataFrame(
        [
            {
                "colour": _COLOURS.get(v.album or ""),
                "album": v.album,
                "verdict": kind_of(v),
                "probability": v.album_probability,
                "expected": v.expected_album,
                "as expected": as_expected(v) or None,
                "text": snippet(v.text, limit=160),
                "id": v.id,
                "reason": str(v.reason or "").replace("_", " ") or None,
                "flags": ", ".join(f.replace("_", " ") for f in v.flags if is_remark(f)) or None,
                "axes alone": v.axes_album,
                "confidence": v.chromatic_confidence,
                "problem": v.error,
                "source": v.source or None,
            }
            for v in verdicts
        ]
    )
    return frame.dropna(axis="columns", how="all")


def columns_of() -> dict[str, Any]:
    """How `st.dataframe` shows the columns of `verdict_frame`."""
    return {
        "colour": st.column_config.ImageColumn("", width=40, help="The album's colour", pinned=True),
        "album": st.column_config.TextColumn("album", width=70, pinned=True),
        "verdict": st.column_config.TextColumn("verdict", width=115),
        "probability": st.column_config.ProgressColumn("probability", min_value=0, max_value=1, format="%.2f", width=120),
        "expected": st.column_config.TextColumn("expected", width=80, help="The album that the source names"),
        "as expected": st.column_config.TextColumn("as expected", width=90),
        "text": st.column_config.TextColumn("text", width="large"),
        "confidence": st.column_config.NumberColumn("confidence", format="%.2f", help="How album-like the text is"),
    }


def filter_controls(prefix: str, verdicts: Sequence[Verdict]) -> Filter:
    """Draw the filters over verdicts and return what is chosen; the choices stand in the address under `prefix`."""
    words = [word for word in VERDICTS if any(kind_of(v) == word for v in verdicts)]
    albums = [name for name in ALBUM_NAMES if any(v.album == name for v in verdicts)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search in text, id and source", key=f"{prefix}.search", type="search", width=250, bind="query-params"
        )
        chosen = st.multiselect("Verdict", words, key=f"{prefix}.verdict", width=250, placeholder="any", bind="query-params")
        named = st.multiselect("Album", albums, key=f"{prefix}.album", width=250, placeholder="any", bind="query-params")
        against = False
        if any(as_expected(v) == "no" for v in verdicts):
            against = st.toggle("Only where the source says another album", key=f"{prefix}.against", bind="query-params")
    return Filter(text or "", tuple(chosen), tuple(named), bool(against))
