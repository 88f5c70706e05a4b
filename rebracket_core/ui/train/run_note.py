"""The note and the tags of a run, to read and to change."""

from __future__ import annotations

import streamlit as st

from rebracket_core.runs import MOST_CHARS, RunInfo
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.workbench import Workbench


def note_form(workbench: Workbench, run: RunInfo) -> None:
    """Draw the note and tags of a run in a form that keeps them."""
    note = workbench.runs.note(run.run_id)
    with st.form(f"runs.note.{run.run_id}", border=False):
        tags = st.text_input("Tags, with commas between", ", ".join(note.tags), key=f"runs.note.tags.{run.run_id}")
        text = st.text_area("Note", note.text, key=f"runs.note.text.{run.run_id}", max_chars=MOST_CHARS, height=160)
        pressed = st.form_submit_button("Keep", icon=":material/save:")
    if pressed:
        with guard():
            kept = workbench.runs.set_note(run.run_id, text=text or "", tags=(tags or "").split(","))
            st.session_state["runs.note.kept"] = (run.run_id, kept.changed_at)
            st.rerun()  # the table of all runs stands above and shows the tags
    if st.session_state.get("runs.note.kept", ("", ""))[0] == run.run_id or note.changed_at:
        st.caption(f"Last changed {escape(note.changed_at[:16].replace('T', ' '))} UTC.")
