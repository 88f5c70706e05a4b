"""The name of the text column in a form, and a look at what a file would give before it is imported or validated."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rebracket_core.errors import InputError
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.workbench import Workbench

_SHOWN = 10
_SHOWN_CHARS = 200


def text_column_field(key: str) -> str | None:
    """Draw the field for the name of the text column; the name, None where it is left empty."""
    found = st.text_input(
        "Text column",
        key=key,
        placeholder="concept, text or content",
        help="The column or field that holds the texts, where it has another name. Leave it empty otherwise.",
    )
    return (found or "").strip() or None


def preview_button(key: str) -> bool:
    """Draw the form's button for a look at the files; whether it was pressed."""
    return st.form_submit_button("Preview", icon=":material/preview:", key=key)


def preview(files: Sequence[tuple[str, bytes]], *, column: str | None, workbench: Workbench) -> None:
    """Show the first texts of the files, and what could not be read; nothing is imported or validated.

    Raises InputError without a file.
    """
    if not files:
        raise InputError("No file was chosen.", expected="one file", found="none", hint="choose a file first")
    for name, data in files:
        read = workbench.verdicts.read_upload(name, data, text_column=column)
        rows = [
            {"text": concept.text[:_SHOWN_CHARS], "album": concept.expected_album or "", "problem": concept.error or ""}
            for concept in read.concepts[:_SHOWN]
        ]
        st.markdown(f"**{escape(name)}**: {len(read.usable):,} of {len(read.concepts):,} texts can be read")
        st.dataframe(rows, hide_index=True)
        for note in read.report.notes[:_SHOWN]:
            st.caption(escape(note))
