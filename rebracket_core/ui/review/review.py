"""What the review pages share: the model under review, its warning, its texts, and figures that can be pressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from rebracket_core.insight import Review
from rebracket_core.insight.calibration import KindOfNonConcepts
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.reports.sections import ReviewContext
from rebracket_core.runs import RunInfo
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count, units
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape, snippet
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.kit.text_notes import show_notes
from rebracket_core.ui.review.sections import ReviewPage
from rebracket_core.ui.train.run_summary import STARTER_NOTE, choose_run
from rebracket_core.workbench import Workbench

MIN_SONGS = 30
_ONE = {"songs": "song", "threads": "thread"}
_MOST_TEXTS = 200
LEAKED = (
    "**Leaked:** this model was split by row, so texts of one song stood on both sides. Everything on this page measures "
    "memory, not skill."
)


def choose_review(workbench: Workbench, *, page: str) -> ReviewPage:
    """Draw the choice of a model (in the address) and what is to be known of it. There is at least one model.

    Raises ModelError where it kept nothing of its held-out texts.
    """
    run = choose_run({run.run_id: run for run in workbench.runs.all()}, key=f"{page}.run")
    review = review_of(workbench, run.run_id)
    _show_facts(run, review)
    context = ReviewContext(
        unit=unit_of(run),
        seed=workbench.settings.seed,
        run=run,
        review=review,
        vectors=lambda: held_out_vectors(workbench, review),
        geometry=lambda: workbench.review.run_geometry(review),
        non_concepts=lambda: non_concept_verdicts(workbench, run.run_id),
    )
    return ReviewPage(name=page, workbench=workbench, context=context)


def _show_facts(run: RunInfo, review: Review) -> None:
    unit = unit_of(run)
    measured = f"{count(len(review), 'texts')} of {count(review.n_groups, unit)}"
    held_out = f", held-out: each predicted by a model that was not trained on its {_ONE.get(unit, 'group')}"
    st.caption(f"{measured}{'' if review.leaked else held_out}.")
    if review.leaked:
        st.warning(LEAKED, icon=":material/warning:")
    if run.starter:
        st.caption(f":material/info: {STARTER_NOTE}")
    if review.n_groups < MIN_SONGS:
        st.caption(
            f":material/info: There are fewer than {MIN_SONGS} {unit}: intervals are a little narrower than they should be."
        )


def query_of(page: ReviewPage, other: str) -> dict[str, str]:
    """What the address of another review page says for the model of this one."""
    return {f"{other}.run": page.context.run.run_id} if page.context.run else {}


def unit_of(run: RunInfo) -> str:
    """What the texts of a run are grouped by: songs, threads or groups of texts."""
    return units(run.origins)


def review_of(workbench: Workbench, run_id: str) -> Review:
    """The review of a run, read once and shared."""
    return _review(run_id, str(workbench.settings.runs), _workbench=workbench)


@st.cache_resource(show_spinner="Reading held-out predictions", max_entries=8)
def _review(run_id: str, folder: str, *, _workbench: Workbench) -> Review:
    return _workbench.review.review(run_id)


@st.cache_resource(show_spinner=False)
def _vectors() -> dict[str, np.ndarray]:
    return {}


def held_out_vectors(workbench: Workbench, review: Review) -> np.ndarray:
    """The (n, d) vectors of the held-out texts, read with progress the first time and remembered."""
    kept, key = _vectors(), f"{workbench.settings.home} {review.run_id}"
    if key not in kept:
        with working("Reading the held-out texts", done="Read") as progress:
            found = workbench.review.vectors(review, progress=progress)
        found.setflags(write=False)
        while len(kept) >= 4:
            kept.pop(next(iter(kept)), None)
        kept[key] = found
    return kept[key]


@st.cache_resource
def _non_concepts() -> dict[str, tuple[KindOfNonConcepts, ...]]:
    return {}


def non_concept_verdicts(workbench: Workbench, run_id: str) -> tuple[KindOfNonConcepts, ...]:
    """What a run makes of texts that are no concepts, by kind; scored with progress the first time and remembered."""
    kept, key = _non_concepts(), f"{workbench.settings.home} {run_id}"
    if key not in kept:
        with working("Scoring texts that are no concepts", done="Scored") as progress:
            found = workbench.review.non_concepts(run_id, progress=progress)
        while len(kept) >= 4:
            kept.pop(next(iter(kept)), None)
        kept[key] = found
    return kept[key]


def pressed_cell(figure: go.Figure, *, key: str) -> tuple[int, int] | None:
    """Draw a grid of cells and return the row and column of the one that was pressed, or None."""
    event: Any = show(figure, key=key, pressed=True)
    points = event["selection"]["points"] if event else []
    if not points:
        return None
    row, column = list(points[0]["customdata"])[:2]
    return int(row), int(column)


def text_rows(review: Review, rows: Sequence[int]) -> list[dict[str, Any]]:
    """The texts at these places with label, prediction and probability, one mapping a row."""
    return [
        {
            "text": snippet(review.text[i], limit=240),
            "label": ALBUM_NAMES[review.album_truth[i]] if review.album_truth[i] >= 0 else "",
            "prediction": ALBUM_NAMES[review.album_top[i]] if review.album_top[i] >= 0 else "",
            "probability": float(review.probability[i]) if review.album_top[i] >= 0 else None,
            "verdict": review.verdict[i],
            "group": review.group_id[i],
            "row": review.row_id[i],
        }
        for i in map(int, rows)
    ]


def show_texts(review: Review, rows: Sequence[int], *, key: str, alt: str) -> None:
    """Draw a table of texts; the one that is chosen, or that the address names, is shown in full with its notes."""
    listed = list(rows)[:_MOST_TEXTS]
    if len(rows) > _MOST_TEXTS:
        st.caption(f"The first {_MOST_TEXTS} of {len(rows):,}.")
    param, ids = f"{key}.text", [review.row_id[i] for i in listed]
    st.dataframe(
        text_rows(review, listed),
        hide_index=True,
        height=min(38 + 35 * max(1, len(listed)), 320),
        key=f"{key}.table",
        on_select=lambda: _name_text(f"{key}.table", ids, param=param),
        selection_mode="single-row",
        alt=alt,
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "probability": st.column_config.NumberColumn(format="%.2f"),
        },
    )
    named = st.query_params.get(param)
    if named in ids:
        _show_text(review, int(listed[ids.index(named)]), key=key)
    else:
        st.caption("Choose a row to read the whole text, to note something on it, to explain it and to validate it.")


def _show_text(review: Review, row: int, *, key: str) -> None:
    text, row_id = review.text[row], review.row_id[row]
    with st.container(border=True):
        st.caption(escape(row_id))
        st.text(text)
        # A link and no jump: Streamlit refuses to leave a page from code while its address is bound to widgets.
        if st.button("Put it into the Validate form", key=f"{key}.validate", icon=":material/rule:"):
            st.session_state["validate.text"] = text
            site.link("validate", "It is in the form: go and validate it")
        site.link("explain", "Explain its prediction", query={"explain.text": text, "explain.run": review.run_id})
        show_notes(bench(), review.dataset, row_id, key=key)


def _name_text(table: str, ids: Sequence[str], *, param: str) -> None:
    """The address names the text whose row was ticked, so that a link opens it; none where it was unticked."""
    rows = st.session_state[table]["selection"]["rows"]
    st.query_params.pop(param, None)
    if rows and rows[0] < len(ids):
        st.query_params[param] = ids[rows[0]]
