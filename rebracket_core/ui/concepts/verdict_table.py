"""Many verdicts as one table: its rows, its filters, its columns."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.ui.kit.markdown import snippet
from rebracket_core.ui.kit.swatch import swatch_svg
from rebracket_core.validation import VerdictKind, is_remark

NOT_JUDGED = "not judged"
VERDICTS = (*map(str, VerdictKind), NOT_JUDGED)
_TILES = {
    name: "data:image/svg+xml;base64," + base64.b64encode(swatch_svg(name, size=32).encode()).decode() for name in ALBUM_NAMES
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show of a table of verdicts; empty fields let everything pass."""

    text: str = ""
    verdicts: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    against_source: bool = False

    def passes(self, verdict: Mapping[str, Any]) -> bool:
        """Whether a verdict is to be shown."""
        word = NOT_JUDGED if verdict.get("error") else str(verdict["verdict"])
        where = f"{verdict.get('text')} {verdict.get('id')} {verdict.get('source')}".casefold()
        expected = verdict.get("expected_album")
        return (
            (not self.verdicts or word in self.verdicts)
            and (not self.albums or verdict.get("album") in self.albums)
            and (not self.against_source or bool(expected and not verdict.get("error") and expected != verdict.get("album")))
            and self.text.strip().casefold() in where
        )


def as_expected(verdict: Mapping[str, Any]) -> str:
    """ "yes" or "no" where the source names an album and there is an answer, else ""."""
    expected = verdict.get("expected_album")
    return "" if not expected or verdict.get("error") else ("yes" if expected == verdict.get("album") else "no")


def verdict_frame(verdicts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a verdict in the given order, with a tile in the album's colour; empty columns are left out."""
    frame = pd.DataFrame(
        [
            {
                "tile": _TILES.get(v.get("album") or ""),
                "album": v.get("album"),
                "verdict": NOT_JUDGED if v.get("error") else v.get("verdict"),
                "probability": v.get("album_probability"),
                "expected": v.get("expected_album"),
                "as expected": as_expected(v) or None,
                "text": snippet(str(v.get("text") or ""), limit=160),
                "id": v.get("id"),
                "reason": str(v.get("reason") or "").replace("_", " ") or None,
                "flags": ", ".join(str(f).replace("_", " ") for f in v.get("flags") or () if is_remark(str(f))) or None,
                "axes alone": v.get("axes_album"),
                "confidence": v.get("chromatic_confidence"),
                "problem": v.get("error"),
                "source": v.get("source") or None,
            }
            for v in verdicts
        ]
    )
    return frame.dropna(axis="columns", how="all")


def columns_of() -> dict[str, Any]:
    """How `st.dataframe` shows the columns of `verdict_frame`."""
    return {
        "tile": st.column_config.ImageColumn("", width=40, help="The album's colour and letter", pinned=True),
        "album": st.column_config.TextColumn("album", width=70, pinned=True),
        "verdict": st.column_config.TextColumn("verdict", width=115),
        "probability": st.column_config.ProgressColumn("probability", min_value=0, max_value=1, format="%.2f", width=120),
        "expected": st.column_config.TextColumn("expected", width=80, help="The album that the source names"),
        "as expected": st.column_config.TextColumn("as expected", width=90),
        "text": st.column_config.TextColumn("text", width="large"),
        "confidence": st.column_config.NumberColumn("confidence", format="%.2f", help="How album-like the text is"),
    }


def filter_controls(prefix: str, verdicts: Sequence[Mapping[str, Any]]) -> Filter:
    """Draw the filters over verdicts and return what is chosen; the choices stand in the address under `prefix`."""
    words = [word for word in VERDICTS if any((NOT_JUDGED if v.get("error") else v["verdict"]) == word for v in verdicts)]
    albums = [name for name in ALBUM_NAMES if any(v.get("album") == name for v in verdicts)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search in text, id and source", key=f"{prefix}.search", type="search", width=250, bind="query-params"
        )
        chosen = st.multiselect("Verdict", words, key=f"{prefix}.verdict", width=250, placeholder="any")
        named = st.multiselect("Album", albums, key=f"{prefix}.album", width=250, placeholder="any")
        against = False
        if any(as_expected(v) == "no" for v in verdicts):
            against = st.toggle("Only where the source says another album", key=f"{prefix}.against")
    return Filter(text or "", tuple(chosen), tuple(named), bool(against))
