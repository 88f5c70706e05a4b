"""A question before something that others will notice: what will change, and two ways on."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rebracket_core.errors import RebracketError
from rebracket_core.ui.kit.errors import error_box


def confirm(question: str, *, changes: str, yes: str, key: str, then: Callable[[], None]) -> None:
    """Open a dialog that says what will change; `then` runs when it is confirmed, and the page is drawn anew.

    Args:
        question: the dialog's title.
        changes: what will change, by name, as Markdown in which data is escaped.
        yes: the words on the button that does it.
        key: the keys of the buttons are `key`.yes and `key`.no.
        then: what is done; what it refuses with a RebracketError is drawn by `show_refusal`.
    """

    @st.dialog(question)
    def ask() -> None:
        st.markdown(changes)
        with st.container(horizontal=True):
            sure = st.button(yes, type="primary", key=f"{key}.yes", on_click=_do, args=(then, key))
            left = st.button("Leave it as it is", key=f"{key}.no")
        if sure or left:
            st.rerun()

    ask()


def _do(then: Callable[[], None], key: str) -> None:
    try:
        then()
    except RebracketError as error:
        st.session_state[f"{key}.refused"] = error


def show_refusal(*, key: str) -> None:
    """Draw, once, why what was confirmed under `key` was refused; nothing where it was done."""
    error = st.session_state.pop(f"{key}.refused", None)
    if error is not None:
        error_box(error)
