"""How a reviewer ends a case: one answer, all opinions, another round, a clearer guideline, or no item."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from rebracket_core.annotation import (
    Case,
    Decision,
    DecisionKind,
    LabelSession,
    LabelValue,
    Person,
    Project,
    decide_item,
    get_guideline,
    list_labels,
    undo_event,
)
from rebracket_core.errors import InputError, RebracketError
from rebracket_core.rainbow import AXIS_NAMES, TYPE_NAMES
from rebracket_core.ui.annotate.labelling.choices import choices
from rebracket_core.ui.annotate.labelling.review_case import offered
from rebracket_core.ui.kit.markdown import escape

WAYS: dict[DecisionKind, tuple[str, str]] = {
    DecisionKind.GOLD: ("One label", "This is what the concept says. It stands above the ratings from now on."),
    DecisionKind.KEEP: ("Keep all opinions", "People differ because the concept does: the ratings together are the answer."),
    DecisionKind.SEND_BACK: (
        "Ask for another label",
        "The concept is labelled once more, with your note; the earlier ratings stay as they are.",
    ),
    DecisionKind.FIX_GUIDELINE: ("Fix the guideline", "People differ because the guideline is unclear. Write a new version."),
    DecisionKind.DROP: ("Exclude", "The concept cannot be labelled. No training will see it."),
}
EVERYBODY = "everybody"
_RESULT = "adjudicate.said"


@dataclass(frozen=True, slots=True)
class Adjudication:
    """Who reviews which project of which labels."""

    session: LabelSession
    project: Project
    person: Person


def decide_form(adjudication: Adjudication, case: Case) -> None:
    """Draw the ways to end a case and what each needs. The ratings themselves never change."""
    labels = {words: kind for kind, (words, _) in WAYS.items()}
    picked = st.radio("How does it end?", list(labels), key="adjudicate.way", horizontal=True)
    kind = labels[str(picked)]
    st.caption(WAYS[kind][1])
    key = f"adjudicate.{case.item.item_id}.{case.item.round}.{kind}"
    event_id = st.session_state.setdefault(f"{key}.event", str(uuid.uuid4()))
    with st.form(key, border=True):
        _fields(adjudication, case, kind, key)
        st.text_area("Note", key=f"{key}.note", height=80, max_chars=2000)
        st.form_submit_button(
            WAYS[kind][0],
            type="primary",
            icon=":material/gavel:",
            on_click=_decide,
            args=(adjudication, case, kind, key, event_id),
        )


def _fields(adjudication: Adjudication, case: Case, kind: DecisionKind, key: str) -> None:
    if kind is DecisionKind.GOLD:
        for column, axis in zip(st.columns(len(AXIS_NAMES)), AXIS_NAMES, strict=True):
            options = list(offered(axis, case.ratings, choices=choices(axis, adjudication.project.settings.presets_version)))
            column.selectbox(axis.capitalize(), options, index=None, placeholder="Choose", key=f"{key}.{axis}")
        st.multiselect("Rebracketing types", list(TYPE_NAMES), key=f"{key}.types", placeholder="none of them")
    elif kind is DecisionKind.SEND_BACK:
        st.selectbox("To whom", [EVERYBODY, *(rating.name for rating in case.ratings)], key=f"{key}.to")
    elif kind is DecisionKind.FIX_GUIDELINE:
        text = get_guideline(adjudication.session, adjudication.project.project_id).text
        st.text_area("The new guideline (Markdown)", text, key=f"{key}.guideline", height=260)


def _decision(adjudication: Adjudication, case: Case, kind: DecisionKind, key: str) -> Decision:
    """The decision that the form says. Raises InputError where something that it needs is missing."""
    state = st.session_state
    note = str(state.get(f"{key}.note") or "").strip()
    if kind is DecisionKind.GOLD:
        return Decision(kind, value=_gold(adjudication, case, key, note), note=note)
    if kind is DecisionKind.SEND_BACK:
        if not note:
            raise InputError("There is no note.", expected="a note that says what to look at", found="nothing", hint="write it")
        return Decision(kind, note=note, to=_annotator(adjudication, case, str(state.get(f"{key}.to"))))
    if kind is DecisionKind.FIX_GUIDELINE:
        return Decision(kind, note=note, guideline=str(state.get(f"{key}.guideline") or ""))
    return Decision(kind, note=note)


def _gold(adjudication: Adjudication, case: Case, key: str, note: str) -> LabelValue:
    answers: dict[str, Any] = {}
    for axis in AXIS_NAMES:
        words = st.session_state.get(f"{key}.{axis}")
        found = offered(axis, case.ratings, choices=choices(axis, adjudication.project.settings.presets_version)).get(
            str(words)
        )
        if found is None:
            raise InputError(
                f"There is no answer for {axis}.", expected="an answer on each axis", found="nothing", hint="choose one"
            )
        answers[axis] = found
    return LabelValue(**answers, types=frozenset(st.session_state.get(f"{key}.types") or ()), confidence=1000, note=note)


def _annotator(adjudication: Adjudication, case: Case, name: str) -> str:
    """The person behind a rating's letter; "" for everybody."""
    label_id = next((rating.label_id for rating in case.ratings if rating.name == name), None)
    labels = list_labels(adjudication.session, adjudication.project.project_id, item_id=case.item.item_id)
    return next((label.annotator for label in labels if label.label_id == label_id), "")


def _decide(adjudication: Adjudication, case: Case, kind: DecisionKind, key: str, event_id: str) -> None:
    def act() -> tuple[str, str]:
        decision = _decision(adjudication, case, kind, key)
        done = decide_item(
            adjudication.session,
            adjudication.project.project_id,
            item_id=case.item.item_id,
            decision=decision,
            by=adjudication.person.person_id,
            event_id=event_id,
        )
        st.session_state.pop(f"{key}.event", None)  # decided anew after an undo, it is another event
        return f"{WAYS[kind][0]}: it is written down.", done

    _say(act)


def _undo(adjudication: Adjudication, event_id: str) -> None:
    def act() -> tuple[str, str]:
        undo_event(adjudication.session, event_id, by=adjudication.person.person_id)
        return "Taken back.", ""

    _say(act)


def _say(act: Callable[[], tuple[str, str]]) -> None:
    try:
        words, event_id = act()
        st.session_state[_RESULT] = ("ok", words, event_id)
    except RebracketError as error:
        st.session_state[_RESULT] = ("error", str(error), "")


def show_result(adjudication: Adjudication) -> None:
    """Draw what the last decision came to, and the way to take it back."""
    kind, words, event_id = st.session_state.get(_RESULT, ("", "", ""))
    if kind == "error":
        st.error(escape(words), icon=":material/error:")
        st.session_state.pop(_RESULT)
    elif kind == "ok":
        with st.container(horizontal=True, vertical_alignment="center"):
            st.success(escape(words), icon=":material/check_circle:")
            if event_id:
                st.button("Undo", key="adjudicate.undo", icon=":material/undo:", on_click=_undo, args=(adjudication, event_id))
