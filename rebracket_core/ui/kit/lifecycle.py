"""Archiving and deleting on a page: a menu for one thing, a dialog that names what goes, and the list of what is archived."""

from __future__ import annotations

import streamlit as st

from rebracket_core.errors import RebracketError
from rebracket_core.services import Stored, StoredKind
from rebracket_core.ui.kit.confirmation import confirm, show_refusal
from rebracket_core.ui.kit.errors import error_box, guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.workbench import Workbench

_MOST_USES = 8


def lifecycle_menu(workbench: Workbench, kind: StoredKind, stored_id: str, *, key: str) -> None:
    """Draw the buttons that archive and delete one thing. What is refused says why in a box."""
    if archive_button(workbench, kind, stored_id, key=key):
        st.rerun()
    show_refusal(key=f"{key}.delete")
    if kind is not StoredKind.PROJECT and st.button("Delete", icon=":material/delete:", key=f"{key}.delete"):
        with guard():
            _ask(workbench, kind, stored_id, key=f"{key}.delete")


def archive_button(workbench: Workbench, kind: StoredKind, stored_id: str, *, key: str) -> bool:
    """Draw the button that archives a thing; whether it just did."""
    pressed = st.button(
        "Archive",
        icon=":material/archive:",
        key=f"{key}.archive",
        help="It is left out of lists, and can be restored. Whatever refers to it goes on reading it.",
    )
    if not pressed:
        return False
    try:
        workbench.lifecycle.archive(kind, stored_id)
    except RebracketError as error:
        error_box(error)
        return False
    st.toast(f"{escape(stored_id)} is archived.", icon=":material/archive:")
    return True


def _ask(workbench: Workbench, kind: StoredKind, stored_id: str, *, key: str) -> None:
    """Ask in a dialog that names what goes; what is used is refused at once, with what uses it."""
    found = workbench.lifecycle.look_at(kind, stored_id)
    if found.uses:
        _show_uses(found)
        return
    confirm(
        "Delete for good?",
        changes=f"The {kind.label} **{escape(stored_id)}** goes: {found.n_files:,} files, {found.n_bytes / 1e6:,.1f} MB. "
        "This cannot be undone. Verdicts in the history stay, with its name.",
        yes="Delete",
        key=key,
        then=lambda: _delete(workbench, kind, stored_id),
    )


def _delete(workbench: Workbench, kind: StoredKind, stored_id: str) -> None:
    workbench.lifecycle.delete(kind, stored_id)


@st.dialog("It is used")
def _show_uses(found: Stored) -> None:
    """Draw why a thing cannot go."""
    st.warning(f"The {found.kind.label} {escape(found.stored_id)} is used, so it is not deleted.")
    lines = [f"- {escape(use)}" for use in found.uses[:_MOST_USES]]
    if len(found.uses) > _MOST_USES:
        lines.append(f"- and {len(found.uses) - _MOST_USES} more")
    st.markdown("\n".join(["It is used by:", "", *lines]))


def show_archived(workbench: Workbench, kind: StoredKind, *, page: str) -> None:
    """Draw what of a kind is archived, each to be restored or deleted; nothing where there is none."""
    show_refusal(key=f"{page}.archived.delete")
    ids = [name for of, name in workbench.lifecycle.archived() if of is kind]
    if not ids:
        return
    with st.expander(f"Archived ({len(ids)})", icon=":material/archive:"), guard():
        chosen = st.selectbox(f"Archived {kind.label}", ids, key=f"{page}.archived")
        with st.container(horizontal=True):
            if chosen and st.button("Restore", icon=":material/unarchive:", key=f"{page}.restore"):
                workbench.lifecycle.restore(kind, chosen)
                st.rerun()
            if kind is StoredKind.PROJECT or not chosen:
                return
            if st.button("Delete", icon=":material/delete:", key=f"{page}.archived.delete"):
                _ask(workbench, kind, chosen, key=f"{page}.archived.delete")
