"""One verdict on a page: the answer first, then why, then what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.charts import album_bars, axis_bars, distance_bars
from rebracket_core.rainbow import AXIS_NAMES, MODES, album_named
from rebracket_core.runs.store import RunInfo
from rebracket_core.settings import Thresholds
from rebracket_core.thresholds import in_words
from rebracket_core.ui.concepts import sentences
from rebracket_core.ui.concepts import uncertainty as doubt
from rebracket_core.ui.concepts.transmigration import show_path
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.swatch import swatch
from rebracket_core.ui.train.run_summary import run_line
from rebracket_core.validation import VerdictKind, agrees, is_accepted
from rebracket_core.validation.states import read_state

_ICONS: dict[str, str] = {
    VerdictKind.ACCEPT: ":material/check_circle:",
    VerdictKind.ACCEPT_HYBRID: ":material/join:",
    VerdictKind.ACCEPT_BLACK: ":material/contrast:",
    VerdictKind.REJECT: ":material/cancel:",
}


def show_verdict(verdict: Mapping[str, Any], *, run: RunInfo | None, key: str) -> None:
    """Draw one verdict (`Verdict.to_dict()`) with everything behind it; `key` keeps its figures apart from others."""
    if verdict.get("error"):
        st.error("This concept could not be scored.", icon=":material/error:")
        st.text(str(verdict["error"]))
        return
    _head(verdict, run=run)
    left, right = st.columns(2)
    limits = {**Thresholds().to_dict(), **(verdict.get("thresholds") or {})}
    with left:
        show(
            axis_bars(
                {axis: verdict[axis] for axis in AXIS_NAMES},
                album=verdict["album"],
                states=sentences.all_states(verdict),
                dominant=float(limits["dominant"]),
            ),
            key=f"{key}.axes",
        )
    with right:
        show(
            album_bars(
                verdict["album_probabilities"],
                accept=(verdict.get("thresholds") or {}).get("accept"),
                axes_album=verdict.get("axes_album"),
                expected=verdict.get("expected_album"),
            ),
            key=f"{key}.albums",
        )
    st.subheader("States", anchor=False)
    st.table(states_table(verdict), border="horizontal", alt="The state of each axis beside what the album asks for")
    left, right = st.columns(2)
    with left:
        show(distance_bars(verdict["distances"]), key=f"{key}.distances")
    with right:
        _change(verdict)
    show_path(verdict, key=f"{key}.path")
    doubt.show_doubt(verdict, run=run, key=key)
    _details(verdict, run=run)


def _head(verdict: Mapping[str, Any], *, run: RunInfo | None) -> None:
    with st.container(border=True):
        tile, words = st.columns([1, 9], gap="medium")
        with tile:
            swatch(verdict["album"])
        with words:
            st.subheader(escape(sentences.headline(verdict)), icon=_ICONS.get(str(verdict["verdict"])), anchor=False)
            if run is not None:
                unit = sentences.units(run.origins)
                st.text(sentences.trust(verdict, run.metrics.get("calibration"), unit=unit, leaked=run.leaked))
            if said := doubt.set_text(verdict, run, coverage=doubt.own_coverage(run)):
                st.text(said)
            st.text(sentences.meaning(verdict))
            if said := sentences.expectation(verdict):
                st.text(said)
            if said := sentences.explanation(verdict):
                st.caption(escape(said))
            if remarks := sentences.remarks(verdict):
                st.warning("  \n".join(escape(text) for text in remarks), icon=":material/flag:")
        run_line(run, run_id=verdict.get("run_id"))


def states_table(verdict: Mapping[str, Any]) -> pd.DataFrame:
    """One row an axis: its state, its highest mode, what the album asks for, and whether the two go together."""
    own, states = album_named(verdict["album"]).modes, verdict.get("states") or {}
    rows = []
    for axis in AXIS_NAMES:
        shares = verdict[axis]
        state = read_state(axis, {mode: float(shares[mode]) for mode in MODES[axis]}, states.get(axis) or {})
        rows.append(
            {
                "axis": axis,
                "state": sentences.state_words(states.get(axis)),
                "highest": f"{state.top_mode} {state.top:.2f}",
                f"{verdict['album']} asks for": " or ".join(m for m in MODES[axis] if m in own[axis]) or "no clear mode",
                "agrees": "yes" if agrees(state, own[axis]) else "no",
            }
        )
    return pd.DataFrame(rows).set_index("axis")


def _change(verdict: Mapping[str, Any]) -> None:
    st.subheader("What to change", anchor=False)
    suggestions = [suggestion_text(s) for s in verdict.get("suggestions") or ()]
    if not suggestions:
        accepted = is_accepted(verdict["verdict"])
        st.text("Nothing: it is accepted as it stands." if accepted else "No change within reach was found.")
    for number, text in enumerate(suggestions, start=1):
        st.text(f"{number}. {text}")


def suggestion_text(suggestion: object) -> str:
    """A suggestion as its sentence, whether it came as text or as a mapping with `text`."""
    if isinstance(suggestion, Mapping):
        return str(suggestion.get("text") or ", ".join(f"{k} {v}" for k, v in suggestion.items()))
    return str(suggestion)


def _details(verdict: Mapping[str, Any], *, run: RunInfo | None) -> None:
    with st.expander("The text, and every other number", icon=":material/list:"):
        st.text(str(verdict["text"]))
        unsure = doubt.parts(verdict, doubt.kind_of(run))
        kinds = sorted((verdict.get("types") or {}).items(), key=lambda pair: -float(pair[1]))
        limits = in_words(verdict.get("thresholds") or {})
        ood = verdict.get("ood_p_value")
        rows = {
            "Chromatic confidence": f"{float(verdict['chromatic_confidence']):.2f} (how album-like the text is)",
            "Mode": verdict.get("mode"),
            "Axes alone say": verdict.get("axes_album"),
            "Rebracketing types": ", ".join(f"{name} {float(p):.2f}" for name, p in kinds),
            "Uncertainty": ", ".join(f"{name} {value:.2f}" for name, value in unsure.items()),
            "Like the training texts": "not measured" if ood is None else f"p = {float(ood):.3f} (small means unlike)",
            "Thresholds": limits,
            "Source": verdict.get("source"),
            "Id": verdict.get("id"),
        }
        st.table(
            {name: escape(value) for name, value in rows.items() if value not in (None, "")},
            border="horizontal",
            alt="Every other number of the verdict",
        )
