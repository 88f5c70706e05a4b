"""The texts that are chosen on a map: a table, one of them to read and note, and what can be done with all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rebracket_core.maps.predictions import STANDINGS, VERDICTS, PredictionSource
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.ui.annotate.labelling.send_to_labelling import label_these
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape, snippet
from rebracket_core.ui.kit.text_notes import show_notes
from rebracket_core.ui.review.maps.view import Asked, Chosen, draw
from rebracket_core.workbench import Workbench

MOST_ROWS = 2_000
_FIRST = ["text", "album", "song or thread", "source", "id"]
_RIGHT = {1: "right", 0: "wrong"}


@st.fragment
def show_picture(workbench: Workbench, asked: Asked) -> None:
    """Draw the map and the texts that are chosen on it; a lasso draws this part alone anew."""
    with guard():
        show_chosen(workbench, asked, draw(workbench, asked))


def show_chosen(workbench: Workbench, asked: Asked, chosen: Chosen) -> None:
    """Draw the chosen texts and what can be done with them; how to choose some where none are."""
    if not len(chosen.at):
        nothing = f"No text is {chosen.why}." if chosen.why else "Nothing is chosen."
        how = "Draw around points with Lasso or Box, press one, or search above."
        st.info(f"{escape(nothing)} {how}", icon=":material/gesture:")
        # The browser fetches what draws tables now, and not when somebody waits for the first one.
        st.dataframe(pd.DataFrame(columns=_FIRST), hide_index=True, height=73, alt="No text is chosen")
        return
    st.subheader(f"{count(len(chosen.at), 'texts')} {escape(chosen.why)}", anchor=False)
    notes: dict[str, int] = {}
    for note in workbench.maps.selections.notes(asked.stored.spec.dataset):
        notes[note.row_id] = notes.get(note.row_id, 0) + 1
    at = chosen.at[:MOST_ROWS]
    picked = st.dataframe(
        table_of(asked, at, notes=notes, chosen=chosen),
        hide_index=True,
        height=min(38 + 35 * len(at), 380),
        on_select="rerun",
        selection_mode="single-row",
        alt="The chosen texts",
        key=f"map.table.{asked.stored.map_id}",
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "probability": st.column_config.NumberColumn(format="%.2f"),
            "nearest kept": st.column_config.NumberColumn(
                format="%.2f", help="The share of its 15 nearest texts that lie near it here"
            ),
            "likeness": st.column_config.NumberColumn(format="%.2f", help="Cosine in embedding space"),
        },
    )
    if len(at) < len(chosen.at):
        st.caption(f"The first {len(at):,} are shown; take all away below.")
    rows = picked["selection"]["rows"]
    if rows and rows[0] < len(at):
        _one(workbench, asked, int(at[rows[0]]))
    else:
        st.caption("Tick a row to read the whole text and to note something on it.")
    _keep(workbench, asked, chosen)
    label = st.expander("Label these", icon=":material/label:", key="map.label", on_change="rerun")
    if label.open:
        with label, guard():
            ids = asked.stored.values("row_id", chosen.at)
            label_these(
                workbench, dataset=asked.stored.spec.dataset, row_ids=ids, why=f"{chosen.why} on the map", key="map.send"
            )


def table_of(asked: Asked, at: np.ndarray, *, notes: dict[str, int], chosen: Chosen) -> pd.DataFrame:
    """One row a chosen text, in the order of `at`; empty columns are left out."""
    stored, answers = asked.stored, asked.answers
    ids = stored.values("row_id", at)
    columns: dict[str, Sequence[Any]] = {
        "text": [snippet(text, limit=160) for text in stored.values("text", at)],
        "album": stored.values("album", at),
    }
    if chosen.cosines:
        columns["likeness"] = [chosen.cosines.get(int(i)) for i in at]
    if answers is not None:
        columns |= {
            "run says": [ALBUM_NAMES[k] if k >= 0 else None for k in answers.album[at]],
            "probability": [None if np.isnan(p) else float(p) for p in answers.probability[at]],
            "right": [_RIGHT.get(int(k)) for k in answers.right[at]],
            "verdict": [VERDICTS[k] if k >= 0 else None for k in answers.verdict[at]],
            "answer": [STANDINGS[k] if k != PredictionSource.OUT_OF_FOLD else "out of fold" for k in answers.standing[at]],
        }
    columns |= {
        "nearest kept": [None if np.isnan(v) else float(v) for v in stored.trust[at]],
        "song or thread": stored.values("group_id", at),
        "source": stored.values("origin", at),
        "notes": [notes.get(i) for i in ids],
        "id": ids,
    }
    return pd.DataFrame(columns).dropna(axis="columns", how="all")


def _one(workbench: Workbench, asked: Asked, at: int) -> None:
    stored = asked.stored
    row_id, text, title = (stored.values(name, [at])[0] for name in ("row_id", "text", "title"))
    with st.container(border=True):
        st.caption(escape(" · ".join(part for part in (row_id, title) if part)))
        st.text(text)
        show_notes(workbench, stored.spec.dataset, row_id, key=f"map.{stored.map_id}", scope="fragment")


def _keep(workbench: Workbench, asked: Asked, chosen: Chosen) -> None:
    """Draw the form that keeps the chosen texts under a name: to label them, or to compare them with others."""
    stored = asked.stored
    with (
        st.form(f"map.keep.{stored.map_id}", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input("Keep these under a name", key=f"map.keep.name.{stored.map_id}", width=300)
        pressed = st.form_submit_button("Keep", icon=":material/bookmark:")
    if pressed:
        with guard():
            ids = stored.values("row_id", chosen.at)
            kept = workbench.maps.selections.keep(stored.spec.dataset, ids, name=name or f"{len(ids)} {chosen.why}"[:80])
            st.query_params["selection"] = kept.selection_id
            st.toast(f"{escape(kept.name)} is kept: compare it under “Two selections”.", icon=":material/bookmark:")
