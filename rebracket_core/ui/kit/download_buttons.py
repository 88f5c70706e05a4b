"""Verdicts to download: CSV, JSON lines and Parquet, made when the button is pressed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from rebracket_core.reports import verdict_writers as exports

Loader = Callable[[], Sequence[Mapping[str, Any]]]
_KINDS: tuple[tuple[str, Callable[[Iterable[Mapping[str, Any]]], bytes], str, str], ...] = (
    ("CSV", exports.to_csv, "csv", "text/csv"),
    ("JSON lines", exports.to_jsonl, "jsonl", "application/jsonl"),
    ("Parquet", exports.to_parquet, "parquet", "application/vnd.apache.parquet"),
)


def downloads(load: Loader, *, count: int, key: str, name: str = "verdicts") -> None:
    """Draw three buttons for the `count` verdicts that `load` returns; both happen only on a click, nothing is kept."""
    with st.container(horizontal=True):
        for label, write, suffix, mime in _KINDS:
            st.download_button(
                f"Download {count:,} as {label}" if count != 1 else f"Download as {label}",
                _file(load, write),
                file_name=f"{name}.{suffix}",
                mime=mime,
                key=f"{key}.{suffix}",
                icon=":material/download:",
                on_click="ignore",
            )


def _file(load: Loader, write: Callable[[Iterable[Mapping[str, Any]]], bytes]) -> Callable[[], bytes]:
    return lambda: write(load())
