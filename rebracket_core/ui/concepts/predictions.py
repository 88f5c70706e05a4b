"""Predictions on a page: a model, some texts, and what it says of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.errors import InputError
from rebracket_core.reports.prediction_writers import prediction_rows, predictions_csv, predictions_jsonl
from rebracket_core.runs import RunInfo
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.train.run_summary import choose_run
from rebracket_core.workbench import Workbench

_FOUND = "predict.found"


def show(workbench: Workbench, runs: Mapping[str, RunInfo]) -> None:
    """Draw the form and what was predicted last in this session."""
    run = choose_run(runs, key="predict.run")
    with st.form("predict.form", border=False):
        text = st.text_area(
            "Concepts",
            key="predict.text",
            height=180,
            persist_state="session",
            help="A blank line between concepts, or one a line; CSV, JSON lines and YAML are read too. Ctrl+Enter predicts.",
            placeholder="One concept a line, or a blank line between longer ones",
        )
        pressed = st.form_submit_button("Predict", type="primary", icon=":material/category:")
    if pressed:
        st.session_state[_FOUND] = _predicted(workbench, run, text or "")
    found: list[dict[str, Any]] | None = st.session_state.get(_FOUND)
    if found:
        _show_found(found)
    else:
        st.info("Write or paste concepts above.", icon=":material/edit:")


def _predicted(workbench: Workbench, run: RunInfo, text: str) -> list[dict[str, Any]]:
    if not text.strip():
        raise InputError("Nothing was written.", expected="at least one concept", found="an empty field", hint="write one")
    read = workbench.verdicts.read_upload("pasted.txt", text.encode("utf-8", "replace"))
    words = count(len(read.concepts), "concepts")
    with working(f"Predicting {words}", done=f"{words} predicted") as progress:
        return [one.to_dict() for one in workbench.predict.predict(read.concepts, run_id=run.run_id, progress=progress)]


def _show_found(found: list[dict[str, Any]]) -> None:
    st.caption(f"Predicted by the model {escape(found[0]['run_id'])}. Nothing is kept in the history.")
    st.dataframe(
        pd.DataFrame(prediction_rows(found)), hide_index=True, alt="Each text with its predicted types and probabilities"
    )
    if len(found) == 1 and found[0]["types"]:
        types = found[0]["types"]
        rows = [{"type": name, "probability": types[name]} for name in sorted(types, key=lambda name: -types[name])]
        st.dataframe(rows, hide_index=True, alt="The probability of each type")
    with st.container(horizontal=True):
        st.download_button("CSV", predictions_csv(found), "predictions.csv", "text/csv", key="predict.csv")
        st.download_button("JSON lines", predictions_jsonl(found), "predictions.jsonl", key="predict.jsonl")
