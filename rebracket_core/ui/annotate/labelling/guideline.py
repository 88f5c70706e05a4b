"""The guideline beside the concept: its text and version, what the words mean, and concepts that a reviewer has settled."""

from __future__ import annotations

import streamlit as st

from rebracket_core.annotation import (
    DecisionKind,
    EventKind,
    Guideline,
    LabelSession,
    LabelValue,
    Person,
    Project,
    Role,
    get_guideline,
    get_item,
    list_events,
    list_guidelines,
    set_guideline,
)
from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUMS, AXES, AXIS_NAMES, TYPES
from rebracket_core.ui.annotate.labelling.choices import in_words
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape, snippet
from rebracket_core.ui.site import ROOT

_EXAMPLES = 3


def show_guideline(session: LabelSession, project: Project, *, person: Person) -> None:
    """Draw the panel; reviewers and admins can write a new version there."""
    now = get_guideline(session, project.project_id)
    st.markdown(f"**Guideline, version {now.version}**")
    if now.text.strip():
        st.markdown(now.text.replace("![", r"!\["))  # a picture would be fetched from somewhere else
    else:
        st.caption("Nobody has written one yet.")
    _examples(session, project)
    with st.expander("What the words mean"):
        _words()
    with st.expander("The eight types, with examples"):
        st.markdown(types_guide())
    if len(versions := list_guidelines(session, project.project_id)) > 1:
        with st.expander("Versions"):
            for one in reversed(versions):
                st.caption(f"{one.version}: {escape(one.at[:16].replace('T', ' '))} UTC, by {escape(one.author)}")
    if person.role in (Role.REVIEWER, Role.ADMIN):
        with st.expander("Write a new version", icon=":material/edit:"), guard():
            _edit(session, project, now=now, person=person)


def _examples(session: LabelSession, project: Project) -> None:
    """Draw the last concepts that were settled with one answer: they say more than a rule."""
    shown = 0
    for event in list_events(session, project.project_id, limit=100):
        if event.undone or event.kind is not EventKind.DECISION or shown == _EXAMPLES:
            continue
        value = gold_of(event.payload)
        if value is None:
            continue
        if not shown:
            st.caption("Settled by a reviewer:")
        item = get_item(session, project.project_id, item_id=event.item_id)
        answer = "; ".join(in_words(axis, value.axes[axis]) for axis in AXIS_NAMES)
        note = f" — {escape(value.note)}" if value.note else ""
        st.markdown(f"> {escape(snippet(item.text, limit=140))}  \n> **{escape(answer)}**{note}")
        shown += 1


def gold_of(payload: dict[str, object]) -> LabelValue | None:
    """The one answer that a decision's event carries; None where it ended otherwise."""
    raw = payload.get("decision", payload)
    if not isinstance(raw, dict) or raw.get("kind") != DecisionKind.GOLD or not isinstance(raw.get("value"), dict):
        return None
    try:
        return LabelValue.from_dict(raw["value"])
    except InputError:
        return None


def _words() -> None:
    for axis in AXES:
        st.markdown(f"**{axis.name.capitalize()}**: {', '.join(axis.modes)}")
    charted = [album for album in ALBUMS if album.has_modes]
    words = {album.name: " · ".join(" + ".join(sorted(album.modes[axis])) or "any" for axis in AXIS_NAMES) for album in charted}
    st.caption("Albums are found by these words; label what the concept says and not the album that you expect.")
    st.markdown("\n".join(f"- {name}: {modes}" for name, modes in words.items()))
    st.markdown("**Rebracketing types**\n" + "\n".join(f"- {kind.name}: {escape(kind.redraws)}" for kind in TYPES))


def types_guide() -> str:
    """The guide to the types as the page shows it: what labellers need of `docs/types.md`, without links to other pages."""
    text = (ROOT / "docs" / "types.md").read_text(encoding="utf-8")
    guide = text.partition("\n## Where types come from")[0].partition("\n")[2]
    return guide.replace("\n## ", "\n#### ").strip()


def _edit(session: LabelSession, project: Project, *, now: Guideline, person: Person) -> None:
    with st.form(f"label.guideline.{project.project_id}.{now.version}", border=False):
        text = st.text_area("Guideline (Markdown)", now.text, key=f"label.guideline.text.{now.version}", height=260)
        pressed = st.form_submit_button("Save as a new version", icon=":material/save:")
    if pressed and (text or "").strip() != now.text.strip():
        set_guideline(session, project.project_id, text=str(text), by=person.person_id)
        st.rerun()
