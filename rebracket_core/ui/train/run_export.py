"""Export and import of a run: its card, its one file; and rolling back to the production model before."""

from __future__ import annotations

import io
from collections.abc import Callable

import streamlit as st

from rebracket_core.runs import RunInfo
from rebracket_core.ui.kit.confirmation import confirm, show_refusal
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.workbench import Workbench


def export_buttons(workbench: Workbench, run: RunInfo) -> None:
    """Draw the buttons that download the model card and the whole run, and the card itself."""
    card = workbench.runs.card(run.run_id)
    with st.container(horizontal=True):
        st.download_button(
            "Download the card",
            card.encode("utf-8"),
            file_name=f"{run.run_id}.md",
            mime="text/markdown",
            key="runs.card.file",
            icon=":material/description:",
            on_click="ignore",
        )
        st.download_button(
            "Download the model",
            _packed(workbench, run.run_id),
            file_name=f"{run.run_id}.zip",
            mime="application/zip",
            key="runs.export",
            icon=":material/download:",
            on_click="ignore",
        )
    st.caption("The file holds the model, its figures, its note, and the texts that it was measured on.")
    with st.container(border=True, height=480):
        st.markdown(card)


def _packed(workbench: Workbench, run_id: str) -> Callable[[], bytes]:
    def pack() -> bytes:
        sink = io.BytesIO()
        workbench.runs.export(run_id, to=sink)
        return sink.getvalue()

    return pack


def import_form(workbench: Workbench) -> None:
    """Draw the upload of a run that was downloaded elsewhere; every part is checked before anything is kept."""
    with st.expander("Import a model", icon=":material/upload:"):
        st.caption("A file that was downloaded here or written by `rebracket export-run`. Each part is checked by its digest.")
        number = st.session_state.setdefault("runs.import.number", 0)
        with st.form("runs.import", border=False):
            file = st.file_uploader("A model's file", type="zip", key=f"runs.import.{number}")
            pressed = st.form_submit_button("Import", icon=":material/upload:")
        if pressed and file is None:
            st.error("No file was chosen.", icon=":material/error:")
        elif pressed and file is not None:
            with guard():
                info = workbench.runs.take_in(file.getvalue(), name=file.name)
                st.session_state["runs.import.number"] = number + 1  # a new uploader: the file is let go
                st.session_state["runs.imported"] = info.run_id
                st.rerun()
        if made := st.session_state.get("runs.imported"):
            st.success(
                f"**{escape(made)}** is among the models. It is not the production model.", icon=":material/check_circle:"
            )


def roll_back_button(workbench: Workbench) -> None:
    """Draw the button that rolls back to the production model before."""
    show_refusal(key="runs.back")
    if st.button(
        "Roll back", key="runs.back", icon=":material/undo:", help="Verdicts come from the production model before this one."
    ):
        now = workbench.runs.production()
        confirm(
            "Roll back?",
            changes=f"For everybody, verdicts stop coming from **{escape(now.run_id) if now else 'the present model'}** and "
            "come from the production model before it again. Verdicts that were given stay in the history.",
            yes="Roll back now",
            key="runs.back",
            then=lambda: _roll_back(workbench),
        )


def _roll_back(workbench: Workbench) -> None:
    back = workbench.runs.roll_back()
    st.toast(f"{escape(back)} is the production model again.", icon=":material/undo:")
    st.session_state["runs.back.to"] = back
