"""One verdict on a page: the answer first, then why, then what would change it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from rebracket_core.charts import album_bars, axis_bars, distance_bars
from rebracket_core.rainbow import AXIS_NAMES, MODES, album_named
from rebracket_core.runs import RunInfo
from rebracket_core.settings import Thresholds
from rebracket_core.thresholds import in_words
from rebracket_core.ui.concepts import sentences, uncertainty
from rebracket_core.ui.concepts.transmigration import show_path
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.swatch import swatch
from rebracket_core.ui.train.run_summary import run_line
from rebracket_core.validation import Verdict, agrees, read_state
from rebracket_core.verdict_kinds import VerdictKind

_ICONS: dict[str, str] = {
    VerdictKind.ACCEPT: ":material/check_circle:",
    VerdictKind.ACCEPT_HYBRID: ":material/join:",
    VerdictKind.ACCEPT_BLACK: ":material/contrast:",
    VerdictKind.REJECT: ":material/cancel:",
}


def show_verdict(verdict: Verdict, *, run: RunInfo | None, key: str) -> None:
    """Draw one verdict with everything behind it; `key` keeps its figures apart from others."""
    if verdict.error is not None or verdict.album is None:
        st.error("This concept could not be scored.", icon=":material/error:")
        st.text(verdict.error or "It has no scores.")
        return
    _head(verdict, run=run)
    _figures(verdict, key=key)
    st.subheader("How clear each axis is", anchor=False)
    st.table(states_table(verdict), border="horizontal", alt="How clear each axis is, beside what the album asks for")
    left, right = st.columns(2)
    with left:
        show(distance_bars(verdict.distances or {}), key=f"{key}.distances")
    with right:
        _change(verdict)
    show_path(verdict, key=f"{key}.path")
    uncertainty.show_uncertainty(verdict, run=run, key=key)
    _details(verdict, run=run)


def axis_scores(verdict: Verdict) -> dict[str, Mapping[str, float]]:
    """Axis → mode → share of a scored verdict."""
    return {axis: getattr(verdict, axis) or {} for axis in AXIS_NAMES}


def _figures(verdict: Verdict, *, key: str) -> None:
    limits, accept = verdict.thresholds, verdict.thresholds.get("accept")
    left, right = st.columns(2)
    with left:
        show(
            axis_bars(
                axis_scores(verdict),
                album=verdict.album,
                states=sentences.all_states(verdict),
                dominant=float(limits.get("dominant", Thresholds().dominant)),
            ),
            key=f"{key}.axes",
        )
    with right:
        show(
            album_bars(
                verdict.album_probabilities or {},
                accept=None if accept is None else float(accept),
                axes_album=verdict.axes_album,
                expected=verdict.expected_album,
            ),
            key=f"{key}.albums",
        )


def _head(verdict: Verdict, *, run: RunInfo | None) -> None:
    with st.container(border=True):
        colour, words = st.columns([1, 9], gap="medium")
        with colour:
            swatch(str(verdict.album))
        with words:
            st.subheader(escape(sentences.headline(verdict)), icon=_ICONS.get(str(verdict.verdict)), anchor=False)
            if run is not None:
                unit = sentences.units(run.origins)
                st.text(sentences.trust(verdict, run.measured.calibration, unit=unit, leaked=run.leaked))
            if likely := uncertainty.set_text(verdict, run, coverage=uncertainty.own_coverage(run)):
                st.text(likely)
            st.text(sentences.meaning(verdict))
            if expected := sentences.expectation(verdict):
                st.text(expected)
            if explanation := sentences.explanation(verdict):
                st.caption(escape(explanation))
            if remarks := sentences.remarks(verdict):
                st.warning("  \n".join(escape(text) for text in remarks), icon=":material/flag:")
        run_line(run, run_id=verdict.run_id)


def states_table(verdict: Verdict) -> pd.DataFrame:
    """One row an axis: its state, its highest mode, what the album asks for, and whether the two go together."""
    own, states = album_named(str(verdict.album)).modes, verdict.states or {}
    rows = []
    for axis, shares in axis_scores(verdict).items():
        state = read_state(axis, {mode: float(shares[mode]) for mode in MODES[axis]}, states.get(axis) or {})
        rows.append(
            {
                "axis": axis,
                "state": sentences.state_words(states.get(axis)),
                "highest": f"{state.argmax_mode} {state.top:.2f}",
                f"{verdict.album} asks for": " or ".join(m for m in MODES[axis] if m in own[axis]) or "no clear mode",
                "agrees": "yes" if agrees(state, own[axis]) else "no",
            }
        )
    return pd.DataFrame(rows).set_index("axis")


def _change(verdict: Verdict) -> None:
    st.subheader("What to change", anchor=False)
    if not verdict.suggestions:
        accepted = verdict.is_accepted
        st.text("Nothing: it is accepted as it stands." if accepted else "No change within reach was found.")
    for number, text in enumerate(verdict.suggestions, start=1):
        st.text(f"{number}. {text}")


def _details(verdict: Verdict, *, run: RunInfo | None) -> None:
    with st.expander("The text, and every other number", icon=":material/list:"):
        st.text(verdict.text)
        st.table(
            {name: escape(value) for name, value in _facts(verdict, run=run).items() if value not in (None, "")},
            border="horizontal",
            alt="Every other number of the verdict",
        )


def _facts(verdict: Verdict, *, run: RunInfo | None) -> dict[str, str | None]:
    parts = uncertainty.parts(verdict, uncertainty.kind_of(run))
    types = sorted((verdict.types or {}).items(), key=lambda pair: -float(pair[1]))
    ood = verdict.ood_p_value
    return {
        "Chromatic confidence": f"{verdict.chromatic_confidence or 0.0:.2f} (how album-like the text is)",
        "Mode": verdict.mode,
        "Axes alone say": verdict.axes_album,
        "Rebracketing types": ", ".join(f"{name} {float(p):.2f}" for name, p in types),
        "Uncertainty": ", ".join(f"{name} {value:.2f}" for name, value in parts.items()),
        "Out-of-distribution test": "not measured" if ood is None else f"p = {ood:.3f} (small: unlike the training texts)",
        "Thresholds": in_words(verdict.thresholds),
        "Source": verdict.source,
        "Id": verdict.id,
    }
