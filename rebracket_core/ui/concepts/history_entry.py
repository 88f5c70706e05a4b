"""One entry of the history on a page."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from rebracket_core.runs import RunInfo
from rebracket_core.scoring import HistoryEntry
from rebracket_core.ui.concepts.reading import read_verdict
from rebracket_core.ui.concepts.verdict import show_verdict
from rebracket_core.ui.kit.markdown import escape


def show_entry(entry: HistoryEntry, *, runs: Mapping[str, RunInfo], key: str) -> None:
    """Draw a kept verdict with its number, when it was given and where its text came from."""
    st.subheader(f"Entry {escape(entry.entry_id)}", anchor=False)
    when, source = entry.at[:19].replace("T", " "), entry.source or "a source without a name"
    st.caption(f"Validated {escape(when)} UTC, from {escape(source)}.")
    show_verdict(read_verdict(entry.verdict), run=runs.get(entry.run_id), key=key)
