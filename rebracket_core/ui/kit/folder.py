"""The one folder that the settings open to the pages: what lies in it, and a place in it chosen by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

import streamlit as st

from rebracket_core.errors import InputError


def opened(root: Path | None, *, command: str) -> TypeGuard[Path]:
    """Whether a folder is open to the pages; where none is, a note says who opens one and which command reads any."""
    if root is None:
        st.info(
            "No folder is open to this page. Whoever runs Rebracket opens one by setting REBRACKET_VALIDATE_ROOT to "
            f"its path; the command line, `{command}`, reads any file or folder.",
            icon=":material/folder_off:",
        )
    return root is not None


def choose_place(root: Path, *, key: str) -> str | None:
    """The file or folder below `root` that stands in the field; None while it is empty."""
    chosen = st.selectbox(
        "File or folder",
        names_in(root),
        index=None,
        key=key,
        accept_new_options=True,
        placeholder="Choose one, or write a path below it",
        help="Only what lies below the opened folder.",
    )
    return None if chosen is None else str(chosen)


def named(place: str | None) -> str:
    """The place that was chosen. Raises InputError where none was."""
    if not place:
        raise InputError(
            "No folder was named.",
            expected="a file or folder of the list, or a path below it",
            found="nothing",
            hint="choose one first",
        )
    return place


def names_in(root: Path, *, limit: int = 500) -> list[str]:
    """The names of the files and folders directly in `root`, sorted, hidden ones left out; [] if unreadable."""
    try:
        return sorted(p.name for p in root.iterdir() if not p.name.startswith("."))[:limit]
    except OSError:
        return []
