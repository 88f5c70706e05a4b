"""The texts that are chosen on a map: a table, one of them to read and note, and what can be done with all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rebracket_core.maps import STANDINGS, VERDICTS, PredictionSource
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.ui.annotate.labelling.send_to_labelling import label_these
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape, snippet
from rebracket_core.ui.kit.text_notes import show_notes
from rebracket_core.ui.review.maps.view import Chosen, MapRequest, draw
from rebracket_core.workbench import Workbench

MOST_ROWS = 2_000
_FIRST = ["text", "album", "song or thread", "source", "id"]
_RIGHT = {1: "right", 0: "wrong"}


@st.fragment
def show_picture(workbench: Workbench, request: MapRequest) -> None:
    """Draw the map and the texts that are chosen on it; a lasso draws this part alone anew."""
    with guard():
        show_chosen(workbench, request, draw(workbench, request))


def show_chosen(workbench: Workbench, request: MapRequest, chosen: Chosen) -> None:
    """Draw the chosen texts and what can be done with them; how to choose some where none are."""
    if not len(chosen.at):
        nothing = f"No text is {chosen.why}." if chosen.why else "Nothing is chosen."
        how = "Draw around points with Lasso or Box, press one, or search above."
        st.info(f"{escape(nothing)} {how}", icon=":material/gesture:")
        # The browser fetches what draws tables now, and not when somebody waits for the first one.
        st.dataframe(pd.DataFrame(columns=_FIRST), hide_index=True, height=73, alt="No text is chosen")
        return
    st.subheader(f"{count(len(chosen.at), 'texts')} {escape(chosen.why)}", anchor=False)
    at = chosen.at[:MOST_ROWS]
    row = _table(workbench, request, chosen, at=at)
    if len(at) < len(chosen.at):
        st.caption(f"The first {len(at):,} are shown; export all below.")
    if row is not None:
        _one(workbench, request, int(at[row]))
    else:
        st.caption("Tick a row to read the whole text and to note something on it.")
    _keep(workbench, request, chosen)
    label = st.expander("Label these", icon=":material/label:", key="map.label", on_change="rerun")
    if label.open:
        with label, guard():
            ids = request.stored.values("row_id", chosen.at)
            dataset, why = request.stored.spec.dataset, f"{chosen.why} on the map"
            label_these(workbench, dataset=dataset, row_ids=ids, why=why, key="map.send")


def _table(workbench: Workbench, request: MapRequest, chosen: Chosen, *, at: np.ndarray) -> int | None:
    """Draw the chosen texts as a table and return the position in `at` of the row that is ticked, None for none."""
    notes: dict[str, int] = {}
    for note in workbench.maps.selections.notes(request.stored.spec.dataset):
        notes[note.row_id] = notes.get(note.row_id, 0) + 1
    picked = st.dataframe(
        table_of(request, at, notes=notes, chosen=chosen),
        hide_index=True,
        height=min(38 + 35 * len(at), 380),
        on_select="rerun",
        selection_mode="single-row",
        alt="The chosen texts",
        key=f"map.table.{request.stored.map_id}",
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "probability": st.column_config.NumberColumn(format="%.2f"),
            "neighbours preserved": st.column_config.NumberColumn(
                format="%.2f", help="Neighbourhood preservation (k = 15): the share of its nearest texts that lie near it here"
            ),
            "likeness": st.column_config.NumberColumn(format="%.2f", help="Cosine in embedding space"),
        },
    )
    rows = picked["selection"]["rows"]
    return rows[0] if rows and rows[0] < len(at) else None


def table_of(request: MapRequest, at: np.ndarray, *, notes: dict[str, int], chosen: Chosen) -> pd.DataFrame:
    """One row a chosen text, in the order of `at`; empty columns are left out."""
    stored, predictions = request.stored, request.predictions
    ids = stored.values("row_id", at)
    columns: dict[str, Sequence[Any]] = {
        "text": [snippet(text, limit=160) for text in stored.values("text", at)],
        "album": stored.values("album", at),
    }
    if chosen.cosines:
        columns["likeness"] = [chosen.cosines.get(int(i)) for i in at]
    if predictions is not None:
        columns |= {
            "prediction": [ALBUM_NAMES[k] if k >= 0 else None for k in predictions.album[at]],
            "probability": [None if np.isnan(p) else float(p) for p in predictions.probability[at]],
            "right": [_RIGHT.get(int(k)) for k in predictions.right[at]],
            "verdict": [VERDICTS[k] if k >= 0 else None for k in predictions.verdict[at]],
            "standing": [STANDINGS[k] if k != PredictionSource.OUT_OF_FOLD else "held-out" for k in predictions.standing[at]],
        }
    columns |= {
        "neighbours preserved": [None if np.isnan(v) else float(v) for v in stored.trust[at]],
        "song or thread": stored.values("group_id", at),
        "source": stored.values("origin", at),
        "notes": [notes.get(i) for i in ids],
        "id": ids,
    }
    return pd.DataFrame(columns).dropna(axis="columns", how="all")


def _one(workbench: Workbench, request: MapRequest, at: int) -> None:
    stored = request.stored
    row_id, text, title = (stored.values(name, [at])[0] for name in ("row_id", "text", "title"))
    with st.container(border=True):
        st.caption(escape(" · ".join(part for part in (row_id, title) if part)))
        st.text(text)
        show_notes(workbench, stored.spec.dataset, row_id, key=f"map.{stored.map_id}", scope="fragment")


def _keep(workbench: Workbench, request: MapRequest, chosen: Chosen) -> None:
    """Draw the form that keeps the chosen texts under a name: to label them, or to compare them with others."""
    stored = request.stored
    with (
        st.form(f"map.keep.{stored.map_id}", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input("Save these under a name", key=f"map.keep.name.{stored.map_id}", width=300)
        pressed = st.form_submit_button("Save", icon=":material/bookmark:")
    if pressed:
        with guard():
            ids = stored.values("row_id", chosen.at)
            kept = workbench.maps.selections.keep(stored.spec.dataset, ids, name=name or f"{len(ids)} {chosen.why}"[:80])
            st.query_params["selection"] = kept.selection_id
            st.toast(f"{escape(kept.name)} is saved: compare it under “Two selections”.", icon=":material/bookmark:")
