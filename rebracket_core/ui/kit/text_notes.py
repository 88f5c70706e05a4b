"""Notes on one text, on whatever page it is read: they stand with its id and survive every refit and training."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.workbench import Workbench


def show_notes(workbench: Workbench, dataset: str, row_id: str, *, key: str, scope: Literal["app", "fragment"] = "app") -> None:
    """Draw what was noted on a text and the form for another note; a new one draws `scope` again."""
    for note in workbench.maps.selections.notes(dataset):
        if note.row_id == row_id:
            st.caption(f":material/sticky_note_2: {escape(note.author)}, {escape(note.at[:16].replace('T', ' '))} UTC")
            st.text(note.text)
    with st.form(f"{key}.note", border=False, clear_on_submit=True), st.container(horizontal=True, vertical_alignment="bottom"):
        note_text = st.text_input("Note on this text", key=f"{key}.note.text", width=360)
        who = st.text_input("Your name", key=f"{key}.note.author", width=160)
        pressed = st.form_submit_button("Save the note", icon=":material/sticky_note_2:")
    if pressed:
        with guard():
            workbench.maps.selections.add_note(dataset, row_id, text=note_text or "", author=who or "")
            st.rerun(scope=scope)
