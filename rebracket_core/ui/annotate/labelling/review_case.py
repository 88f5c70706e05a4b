"""One concept before a reviewer: its text, the ratings, and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from rebracket_core.annotation import AxisLabel, Case, LabelValue, Rating
from rebracket_core.charts import AxisRating, ratings_ternary
from rebracket_core.rainbow import AXES, AXIS_NAMES, TYPE_NAMES
from rebracket_core.ui.annotate.labelling.choices import in_words
from rebracket_core.ui.annotate.labelling.protocol import CONFIDENCE
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape, snippet


def choose_case(cases: Sequence[Case]) -> Case:
    """The case that is chosen, the first in the queue unless the address names another; there is at least one."""
    by_id = {case.item.item_id: case for case in cases}
    if st.session_state.get("adjudicate.item") not in by_id:
        st.session_state.pop("adjudicate.item", None)
    picked = st.selectbox(
        f"Concept ({len(cases):,} wait; flagged ones first, then furthest apart)",
        list(by_id),
        format_func=lambda item_id: f"{by_id[item_id].disagreement:.2f} — {snippet(by_id[item_id].item.text, limit=70)}",
        key="adjudicate.item",
        bind="query-params",
    )
    return by_id[str(picked)]


def show_case(case: Case) -> None:
    """Draw the text, why it waits, the ratings in the three triangles and as a table."""
    with st.container(border=True):
        if case.item.title:
            st.caption(escape(case.item.title))
        st.text(case.item.text)
    why = f"Why it waits: {escape(case.why)}. " if case.why else ""
    st.caption(f"{why}Disagreement {case.disagreement:.2f}, of 0 (one mind) to 1 (nothing in common).")
    for column, axis in zip(st.columns(len(AXES)), AXIS_NAMES, strict=True):
        with column:
            ratings = [AxisRating(rating.name, rating.value.axes[axis].shares) for rating in case.ratings]  # type: ignore[arg-type]
            model = tuple(case.suggestion.axes[axis]) if case.suggestion else None
            show(ratings_ternary(axis, ratings, model=model), key=f"adjudicate.{axis}.{case.item.item_id}")  # type: ignore[arg-type]
    key = f"adjudicate.votes.{case.item.item_id}"
    st.dataframe(rating_table(case.ratings), hide_index=True, alt="The ratings", key=key)


def rating_table(ratings: Sequence[Rating]) -> pd.DataFrame:
    """One row a rating: who, the three axes in words, types, confidence, note, flag, and the seconds it took."""
    return pd.DataFrame(
        [{"who": rating.name, **value_words(rating.value), "seconds": round(rating.active_s, 1)} for rating in ratings]
    )


def value_words(value: LabelValue) -> dict[str, str]:
    """A label in words, by what it speaks of."""
    types = "not answered" if value.types is None else ", ".join(t for t in TYPE_NAMES if t in value.types) or "none of these"
    return {
        **{axis: in_words(axis, value.axes[axis]) for axis in AXIS_NAMES},
        "types": types,
        "sure": confidence_words(value.confidence),
        "note": value.note,
        "flag": "flagged" if value.flag else "",
    }


def confidence_words(confidence: int | None) -> str:
    """How sure somebody was: the word of the nearest level, "" where it was not given."""
    if confidence is None:
        return ""
    return min(CONFIDENCE, key=lambda level: abs(level[1] - confidence))[0]


def offered(axis: str, ratings: Sequence[Rating], *, choices: dict[str, AxisLabel]) -> dict[str, AxisLabel]:
    """Words → answer for one axis: the ratings first, the most frequent first, then every preset."""
    names: dict[str, list[str]] = {}
    answers: dict[str, AxisLabel] = {}
    for rating in ratings:
        words = in_words(axis, rating.value.axes[axis])
        names.setdefault(words, []).append(rating.name)
        answers[words] = rating.value.axes[axis]
    first = sorted(names, key=lambda words: -len(names[words]))
    return {**{words: answers[words] for words in first}, **{w: a for w, a in choices.items() if w not in answers}}
