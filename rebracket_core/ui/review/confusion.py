"""Confusion on a page: the table, the texts in a cell, two models beside each other, and the split that leaks."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rebracket_core.insight import Review
from rebracket_core.insight.errors import Cells, Question, SplitComparison, cell_differences, confusion, type_rows
from rebracket_core.reports import confusion_figure
from rebracket_core.reports.sections import ReviewSection, pair_rows, review_of, run_of
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.review.review import pressed_cell, review_of as held_out_of, show_texts
from rebracket_core.ui.review.sections import Drawer, ReviewPage
from rebracket_core.ui.train.run_summary import run_label

_ANY = "(none)"


def show_table(page: ReviewPage, section: ReviewSection, *, chosen: str) -> None:
    """Draw the table of a question, what is confused most, and the texts of the cell that was pressed or chosen."""
    run, review, what = run_of(page.context), review_of(page.context), Question(chosen)
    expected = _expected_toggle(what)
    cells = confusion(review, what, seed=page.context.seed, expected=expected)
    pressed = pressed_cell(
        confusion_figure(cells, unit=page.context.unit, leaked=review.leaked, pressable=True),
        key=f"confusion.grid.{run.run_id}.{what}.{expected}",
    )
    if what is Question.JOINT:
        st.caption("The table holds the combinations of modes that occur, of 27; uncharted ones name no album.")
    with st.expander("The same as a table", icon=":material/table:"):
        st.dataframe(cell_frame(cells), hide_index=True, alt="Every cell with its count, share and interval")
    if what is Question.TYPE:
        _show_types(review, seed=page.context.seed)
    if cells.square:
        _show_pairs(cells, unit=page.context.unit)
    _show_cell(review, cells, pressed=pressed)


def _expected_toggle(what: Question) -> bool:
    """Draw whether probabilities are counted in the place of predictions; only where there are probabilities."""
    soft = what not in (Question.JOINT, Question.VERDICT)
    expected = st.toggle(
        "Expected from probabilities",
        key="confusion.expected",
        bind="query-params",
        disabled=not soft,
        help="Counts the probability of every album or mode, and what people split over, in the place of predictions.",
    )
    return bool(expected and soft)


def cell_frame(cells: Cells) -> pd.DataFrame:
    """One row a cell that occurs: label, prediction, count, share with its interval, songs."""
    return pd.DataFrame(
        [
            {
                "label": truth,
                "prediction": answer,
                "texts": round(float(cells.counts[i, j]), 1),
                "share": round(float(cells.share[i, j]), 3),
                "low": round(float(cells.low[i, j]), 3),
                "high": round(float(cells.high[i, j]), 3),
                "groups of the label": int(cells.row_groups[i]),
                "too few": "yes" if cells.few[i] else "",
            }
            for i, truth in enumerate(cells.truths)
            for j, answer in enumerate(cells.predictions)
            if cells.counts[i, j] > 0.05
        ]
    )


def _show_pairs(cells: Cells, *, unit: str) -> None:
    st.markdown("**Confused most**")
    rows = pair_rows(cells, unit=unit)
    if not rows:
        st.text("Nothing is confused.")
        return
    st.dataframe(rows, hide_index=True, alt="Pairs that are confused, the most frequent first")


def _show_types(review: Review, *, seed: int) -> None:
    st.markdown("**Type by type**")
    st.caption(
        "A text may have several types: it then stands in several rows of the table above. Counted are the types that were "
        "predicted: the likeliest of exactly one, else those beyond their thresholds. Average precision is to be read against "
        "the share that has the type, which is expected by chance."
    )
    rows = [
        {
            "type": t.name,
            "texts": t.n,
            "found": t.found,
            "false alarms": t.false,
            "recall": round(t.recall, 2),
            "precision": None if t.precision != t.precision else round(t.precision, 2),
            "average precision": round(t.average_precision, 2),
            "share that has it": round(t.prevalence, 2),
        }
        for t in type_rows(review, seed=seed)
    ]
    st.dataframe(rows, hide_index=True, alt="Each type with what was found and what was called it wrongly")


def _show_cell(review: Review, cells: Cells, *, pressed: tuple[int, int] | None) -> None:
    st.markdown("**Texts in this cell**")
    place = f"{cells.what}.{cells.expected}"
    if pressed and st.session_state.get("confusion.pressed") != (*pressed, place, review.run_id):
        st.session_state["confusion.pressed"] = (*pressed, place, review.run_id)
        st.session_state["confusion.truth"] = cells.truths[pressed[0]]
        st.session_state["confusion.answer"] = cells.predictions[pressed[1]]
    with st.container(horizontal=True):
        truth = st.selectbox("Label", [_ANY, *cells.truths], key="confusion.truth", bind="query-params", width=260)
        answer = st.selectbox("Prediction", [_ANY, *cells.predictions], key="confusion.answer", bind="query-params", width=260)
    if truth not in cells.truths or answer not in cells.predictions:
        st.caption("Press a cell above, or choose a label and a prediction.")
        return
    i, j = cells.truths.index(truth), cells.predictions.index(answer)
    rows = cells.texts_of(i, j)
    if not len(rows):
        st.text(f"No text of {truth} was predicted {answer}.")
        return
    st.markdown(f"**{escape(truth)}** predicted **{escape(answer)}**: {count(len(rows), 'texts')}")
    show_texts(review, rows.tolist(), key="confusion.cell", alt=f"Texts of {truth} that were predicted {answer}")


def show_beside(page: ReviewPage) -> None:
    """Draw the choice of a second model on the same data, its table beside, and the cells that differ."""
    workbench, run, review = page.workbench, run_of(page.context), review_of(page.context)
    others = {r.run_id: r for r in workbench.runs.all() if r.run_id != run.run_id and r.dataset_digest == run.dataset_digest}
    if not others:
        st.caption("There is no other model on the same data to put beside this one.")
        return
    chosen = st.selectbox("Put beside it", [_ANY, *others], key="confusion.beside", bind="query-params")
    if chosen not in others:
        return
    st.caption(escape(run_label(others[chosen])))
    second, what = held_out_of(workbench, chosen), Question(st.session_state.get("confusion.what") or Question.ALBUM)
    if second.leaked or review.leaked:
        st.warning("One of the two is **leaked**: what differs says nothing about which is better.", icon=":material/warning:")
    left, right = st.columns(2)
    for column, one, name in ((left, review, "this model"), (right, second, "the other")):
        with column:
            st.markdown(f"**{name}:** {escape(one.run_id)}")
            cells = confusion(one, what, seed=page.context.seed)
            show(confusion_figure(cells, unit=page.context.unit, leaked=one.leaked), key=f"confusion.beside.{name}")
    _show_differences(review, second, what=what, seed=page.context.seed)


def _show_differences(review: Review, second: Review, *, what: Question, seed: int) -> None:
    rows = [
        {
            "label": d.truth,
            "prediction": d.answer,
            "this model": round(d.first, 2),
            "the other": round(d.second, 2),
            "difference": round(d.difference, 2),
            "range (95 %)": "" if d.low is None or d.high is None else f"{d.low:+.2f} to {d.high:+.2f}",
            "p, corrected": None if d.p is None else round(d.p, 4),
        }
        for d in cell_differences(review, second, what, seed=seed)[:30]
    ]
    st.dataframe(rows, hide_index=True, alt="Cells in which the two models differ, the largest difference first")
    st.caption("On the texts that both predicted, paired over whole groups; p by flipping groups, corrected for all cells.")


@st.cache_resource(show_spinner=False, max_entries=8)
def _comparisons() -> dict[str, SplitComparison]:
    return {}


def show_split_comparison(page: ReviewPage) -> None:
    """Draw what a split by row would claim of the model's data, beside the split by song, once it is asked for."""
    workbench, run, unit = page.workbench, run_of(page.context), page.context.unit
    name = workbench.review.own_dataset(run)
    if name is None:
        st.caption("The data that this model was trained on is not imported here.")
        return
    kept, key = _comparisons(), f"{workbench.settings.home} {run.dataset_digest}"
    st.caption(
        f"One plain classifier on the rows as they stand in the data, repeats included, measured twice: split by {unit}, and "
        "split by row. Training never splits by row unless that is asked for by name."
    )
    if key not in kept:
        if not st.button("Show what a split by row would claim", key="confusion.contrast", icon=":material/call_split:"):
            return
        with working("Splitting both ways", done="Split both ways") as progress:
            kept[key] = workbench.review.split_contrast(name, progress=progress)
    _show_splits(kept[key], unit=unit)


def _show_splits(found: SplitComparison, *, unit: str) -> None:
    st.markdown(
        f"Split by {escape(unit)}: accuracy **{found.right_by_song:.2f}**. Split by row: **{found.right_by_row:.2f}**, "
        "which is **leaked** and worth nothing where rows repeat."
    )
    left, right = st.columns(2)
    with left:
        show(confusion_figure(found.by_song, unit=unit, leaked=False), key="confusion.by_song")
    with right:
        show(confusion_figure(found.by_row, unit=unit, leaked=True), key="confusion.by_row")
    st.caption(f"{found.n:,} of {count(found.of, 'rows')} with an album, {count(found.n_groups, unit)}.")


DRAWERS: dict[str, Drawer] = {"confusion": show_table}
