"""The plain form: the same labels with ordinary widgets, for screen readers, old browsers and whoever likes forms better."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import streamlit as st

from rebracket_core.annotation import (
    AckStatus,
    AxisLabel,
    Claimed,
    LabelValue,
    Submission,
    skip_item,
    submit_labels,
    undo_event,
)
from rebracket_core.annotation.queue import claim_items
from rebracket_core.errors import RebracketError
from rebracket_core.rainbow import AXES, TYPE_NAMES, TYPES
from rebracket_core.services import StoredKind
from rebracket_core.ui.annotate.labelling.choices import choices, in_words
from rebracket_core.ui.annotate.labelling.protocol import CONFIDENCE, ClientSession, suggestion_for_browser
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.markdown import escape

NONE_OF_THESE = "none of these"
_RESULT = "label.plain.said"


def show_plain(client: ClientSession) -> None:
    """Draw one concept and the form that labels it, or why there is none."""
    _show_result()
    if client.guideline_version != client.project.guideline_version:
        st.info(f"The guideline has a new version ({client.project.guideline_version}).", icon=":material/menu_book:")
        if st.button("Show it", key="label.plain.guideline", icon=":material/refresh:"):
            st.rerun()
    found = claim_items(client.session, client.project.project_id, n=1, by=client.person.person_id)
    counts = client.progress()
    st.caption(f"{counts['done']:,} of {counts['total']:,} concepts done · {counts['mine']:,} by you")
    if found.items:
        _form(client, found.items[0])
    elif found.empty:
        st.info(escape(found.empty.reason), icon=":material/inbox:")
    last = next(iter(client.recent()), None)
    if last:
        st.button(
            "Undo my last",
            key="label.plain.undo",
            icon=":material/undo:",
            on_click=_undo,
            args=(client, last["id"]),
            help=f"Undoes your label of “{escape(last['item']['text'][:60])}”.",
        )


def _form(client: ClientSession, claimed: Claimed) -> None:
    item, key = claimed.item, f"label.plain.{claimed.lease.lease_id}"
    with st.container(border=True):
        if item.title:
            st.caption(escape(item.title))
        st.text(item.text)
    if claimed.why:
        st.caption(f"Why this one: {escape(claimed.why)}")
    if item.note:
        st.info(f"Sent back by a reviewer: {escape(item.note)}", icon=":material/reply:")
    shown_at = _show_suggestion(claimed)
    label_id = st.session_state.setdefault(f"{key}.id", str(uuid.uuid4()))
    with st.form(key, border=True):
        columns = st.columns(len(AXES))
        for column, axis in zip(columns, AXES, strict=True):
            options = list(choices(axis.name, client.project.settings.presets_version))
            column.selectbox(axis.name.capitalize(), options, index=None, key=f"{key}.{axis.name}", placeholder="Choose")
        st.caption("Rebracketing types, as many as fit; none ticked means that you did not say.")
        with st.container(horizontal=True):
            for kind in TYPES:
                st.checkbox(kind.name, key=f"{key}.type.{kind.name}", help=kind.redraws)
            st.checkbox(NONE_OF_THESE, key=f"{key}.type.{NONE_OF_THESE}")
        levels = [word for word, _ in CONFIDENCE]
        st.radio("How sure are you?", levels, index=None, horizontal=True, key=f"{key}.confidence")
        st.text_area("Note", key=f"{key}.note", max_chars=2000, height=80)
        st.checkbox("Flag it for a reviewer", key=f"{key}.flag")
        args = (client, claimed, label_id, shown_at, key)
        with st.container(horizontal=True):
            st.form_submit_button("Save", type="primary", icon=":material/check:", on_click=_save, args=args)
            st.form_submit_button("Skip", icon=":material/skip_next:", on_click=_skip, args=args)


def _show_suggestion(claimed: Claimed) -> str:
    """Draw what the model says, and when that was first shown (ISO 8601)."""
    if claimed.suggestion is None:
        return ""
    shown = suggestion_for_browser(claimed.suggestion)
    pairs = zip(AXES, shown["axes"], strict=True)
    words = [f"{axis.name} {in_words(axis.name, AxisLabel.of(shares))}" for axis, shares in pairs]
    st.caption(f"The model: {escape('; '.join(words))}. Types: {escape(', '.join(shown['types']) or NONE_OF_THESE)}.")
    return str(st.session_state.setdefault(f"label.plain.{claimed.lease.lease_id}.shown", _now()))


def _value(client: ClientSession, key: str) -> LabelValue | None:
    """The label that the form says; None (and a sentence to show) where an axis has no answer."""
    state = st.session_state
    answers = {}
    for axis in AXES:
        words = state.get(f"{key}.{axis.name}")
        found = choices(axis.name, client.project.settings.presets_version).get(str(words)) if words else None
        if found is None:
            _note("error", f"Not saved yet: {axis.name} has no answer. There is “cannot tell”.")
            return None
        answers[axis.name] = found
    picked = [name for name in (*TYPE_NAMES, NONE_OF_THESE) if state.get(f"{key}.type.{name}")]
    types = frozenset(name for name in picked if name != NONE_OF_THESE) if picked else None
    sure = dict(CONFIDENCE).get(state.get(f"{key}.confidence") or "")
    note, flag = str(state.get(f"{key}.note") or "").strip(), bool(state.get(f"{key}.flag"))
    return LabelValue(**answers, types=types, confidence=sure, note=note, flag=flag)


def _save(client: ClientSession, claimed: Claimed, label_id: str, shown_at: str, key: str) -> None:
    value = _value(client, key)
    if value is None:
        return
    item = claimed.item
    label = Submission(
        label_id=label_id,
        item_id=item.item_id,
        round=item.round,
        text_digest=item.text_digest,
        value=value,
        client_time=_now(),
        lease_id=claimed.lease.lease_id,
        guideline_version=client.guideline_version,
        shown_at=shown_at,
    )
    try:
        _require_listed(client)
        ack = submit_labels(client.session, client.project.project_id, submissions=[label], by=client.person.person_id)[0]
    except RebracketError as error:
        _note("error", str(error))
        return
    if ack.status is AckStatus.REFUSED:
        _note("error", ack.reason)
        return
    st.session_state.pop(f"{key}.id", None)  # once taken back, the same concept gets a label of its own
    _note("ok", "Saved.")


def _skip(client: ClientSession, claimed: Claimed, label_id: str, shown_at: str, key: str) -> None:
    note = str(st.session_state.get(f"{key}.note") or "").strip()
    try:
        _require_listed(client)
        skip_item(
            client.session,
            client.project.project_id,
            item_id=claimed.item.item_id,
            by=client.person.person_id,
            reason=note,
            event_id=label_id,
        )
        st.session_state.pop(f"{key}.id", None)
        _note("ok", "Skipped.")
    except RebracketError as error:
        _note("error", str(error))


def _undo(client: ClientSession, event_id: str) -> None:
    try:
        _require_listed(client)
        undo_event(client.session, event_id, by=client.person.person_id)
        _note("ok", "Taken back.")
    except RebracketError as error:
        _note("error", str(error))


def _require_listed(client: ClientSession) -> None:
    """Raise InputError where the project was archived since the form was drawn."""
    bench().lifecycle.require_listed(StoredKind.PROJECT, client.project.project_id)


def _note(kind: str, words: str) -> None:
    st.session_state[_RESULT] = (kind, words)


def _show_result() -> None:
    """Draw what the last press came to, once."""
    kind, words = st.session_state.pop(_RESULT, ("", ""))
    if kind == "ok":
        st.success(escape(words), icon=":material/check_circle:")
    elif kind == "error":
        st.error(escape(words), icon=":material/error:")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
