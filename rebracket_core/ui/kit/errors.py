"""One box for everything that Rebracket refuses: what happened, what was expected, what was found, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from rebracket_core.errors import NoModelError, RebracketError
from rebracket_core.ui import site
from rebracket_core.ui.kit.markdown import escape


def error_box(error: RebracketError) -> None:
    """Draw the error with its place, what was expected and found, and what to do; text from data shows as written."""
    head = f"{error.where}: {error.message}" if error.where else error.message
    parts = [("Expected", error.expected), ("Found", error.found), ("What to do", error.hint)]
    lines = [f"**{name}:** {escape(text)}" for name, text in parts if text]
    st.error("  \n".join([f"**{escape(head)}**", *lines]), icon=":material/error:")
    if isinstance(error, NoModelError):
        site.link("runs", "Train or choose a model")


def unforeseen_box(error: BaseException) -> None:
    """Draw what no page foresaw, below everything that is there, with ways out; the server's log holds the whole trace."""
    with st._main:
        if isinstance(error, RebracketError):
            error_box(error)
            return
        st.error(
            f"**This page met a fault of the app ({escape(type(error).__name__)}).**  \n"
            "**Expected:** that the page can be drawn; what was saved before is safe  \n"
            "**What to do:** open the page again; if that happens again, report it with the last lines of the server's log",
            icon=":material/error:",
        )
        with st.container(horizontal=True):
            site.link(site.current_page(), "Open this page again")
            site.link(site.HOME, "Go to the overview")


@contextmanager
def guard() -> Iterator[None]:
    """A `with` block in which a RebracketError is drawn as a box instead of ending the page with a trace."""
    try:
        yield
    except RebracketError as error:
        error_box(error)
