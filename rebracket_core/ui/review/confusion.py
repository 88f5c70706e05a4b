"""Confusion on a page: the table, the texts of a cell, ranked pairs, axes together, two runs, and the leaked split."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rebracket_core.insight.errors.confusion_matrix import Cells, Question, cell_differences, confused_pairs, confusion
from rebracket_core.insight.errors.joint import joint_failures, type_rows
from rebracket_core.insight.errors.split_comparison import SplitComparison
from rebracket_core.insight.review import Review
from rebracket_core.reports.review_figures import confusion_figure, failures_figure
from rebracket_core.runs.store import RunInfo
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.review.review import pressed_cell, review_of, show_texts, unit_of
from rebracket_core.ui.train.run_summary import run_label
from rebracket_core.workbench import Workbench

_NAMES = {Question.JOINT: "all three axes at once", Question.VERDICT: "verdict", Question.TYPE: "rebracketing type"}
_ANY = "(none)"


def question_controls() -> tuple[Question, bool]:
    """Draw what the table is about (in the address) and whether probabilities are counted; both."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.segmented_control(
            "Question",
            [q.value for q in Question],
            default=Question.ALBUM.value,
            required=True,
            key="confusion.what",
            bind="query-params",
            format_func=lambda q: _NAMES.get(Question(q), q),
        )
        question = Question(what or Question.ALBUM.value)
        soft = question not in (Question.JOINT, Question.VERDICT)
        expected = st.toggle(
            "Expected from probabilities",
            key="confusion.expected",
            bind="query-params",
            disabled=not soft,
            help="Counts the probability of every answer, and what people split over, in the place of first answers.",
        )
    return question, bool(expected and soft)


def show_table(workbench: Workbench, run: RunInfo, review: Review, *, what: Question, expected: bool) -> None:
    """Draw the table of a question, what is confused most, and the texts of the cell that was pressed or chosen."""
    seed = workbench.settings.seed
    cells = confusion(review, what, seed=seed, expected=expected)
    unit = unit_of(run)
    pressed = pressed_cell(
        confusion_figure(cells, unit=unit, leaked=review.leaked), key=f"confusion.grid.{run.run_id}.{what}.{expected}"
    )
    with st.expander("The same as a table", icon=":material/table:"):
        st.dataframe(cell_frame(cells), hide_index=True, alt="Every cell with its count, share and interval")
    if what is Question.TYPE:
        _show_types(review, seed=seed)
    if cells.square:
        _show_pairs(cells, unit=unit)
    _show_cell(review, cells, pressed=pressed)


def cell_frame(cells: Cells) -> pd.DataFrame:
    """One row a cell that occurs: truth, answer, count, share with its interval, songs."""
    return pd.DataFrame(
        [
            {
                "truth": truth,
                "answer": answer,
                "texts": round(float(cells.counts[i, j]), 1),
                "share": round(float(cells.share[i, j]), 3),
                "low": round(float(cells.low[i, j]), 3),
                "high": round(float(cells.high[i, j]), 3),
                "groups of the truth": int(cells.row_groups[i]),
                "too few": "yes" if cells.few[i] else "",
            }
            for i, truth in enumerate(cells.truths)
            for j, answer in enumerate(cells.answers)
            if cells.counts[i, j] > 0.05
        ]
    )


def _show_pairs(cells: Cells, *, unit: str) -> None:
    pairs = confused_pairs(cells)[:12]
    st.subheader("Confused most", anchor=False)
    if not pairs:
        st.text("Nothing is confused.")
        return
    rows = [
        {
            "truth": p.truth,
            "answer": p.answer,
            "texts": round(p.count, 1),
            "share of the truth": round(p.share, 2),
            "range (95 %)": f"{p.low:.2f} to {p.high:.2f}",
            unit: p.n_groups,
        }
        for p in pairs
    ]
    st.dataframe(rows, hide_index=True, alt="Pairs that are confused, the most frequent first")


def _show_types(review: Review, *, seed: int) -> None:
    st.subheader("Type by type", anchor=False)
    st.caption(
        "A text may have several types: it then stands in several rows of the table above. A type counts as answered from one "
        "half on. Average precision is to be read against the share that has the type, which chance would reach."
    )
    rows = [
        {
            "type": t.name,
            "texts": t.n,
            "found": t.found,
            "false alarms": t.false,
            "found of them": round(t.recall, 2),
            "right when said": None if t.precision != t.precision else round(t.precision, 2),
            "average precision": round(t.average_precision, 2),
            "share that has it": round(t.prevalence, 2),
        }
        for t in type_rows(review, seed=seed)
    ]
    st.dataframe(rows, hide_index=True, alt="Each type with what was found and what was called it wrongly")


def _show_cell(review: Review, cells: Cells, *, pressed: tuple[int, int] | None) -> None:
    st.subheader("Texts of a cell", anchor=False)
    place = f"{cells.what}.{cells.expected}"
    if pressed and st.session_state.get("confusion.pressed") != (*pressed, place, review.run_id):
        st.session_state["confusion.pressed"] = (*pressed, place, review.run_id)
        st.session_state["confusion.truth"] = cells.truths[pressed[0]]
        st.session_state["confusion.answer"] = cells.answers[pressed[1]]
    with st.container(horizontal=True):
        truth = st.selectbox("Truth", [_ANY, *cells.truths], key="confusion.truth", bind="query-params", width=260)
        answer = st.selectbox("Answer", [_ANY, *cells.answers], key="confusion.answer", bind="query-params", width=260)
    if truth not in cells.truths or answer not in cells.answers:
        st.caption("Press a cell above, or choose a truth and an answer.")
        return
    i, j = cells.truths.index(truth), cells.answers.index(answer)
    rows = cells.texts_of(i, j)
    if not len(rows):
        st.text(f"No text of {truth} was answered {answer}.")
        return
    st.markdown(f"**{escape(truth)}** answered **{escape(answer)}**: {count(len(rows), 'texts')}")
    show_texts(review, rows.tolist(), key="confusion.cell", alt=f"Texts of {truth} that were answered {answer}")


def show_joint(review: Review, *, seed: int) -> None:
    """Draw which axes fail together, and whether the model knows it."""
    failures = joint_failures(review, seed=seed)
    if not failures:
        st.text("No unseen text has one mode on every axis.")
        return
    show(failures_figure(failures, leaked=review.leaked), key="confusion.failures")
    sure = [
        {
            "wrong axes": " + ".join(f.axes) or "none",
            "texts": f.count,
            "share": round(f.share, 3),
            "range (95 %)": f"{f.low:.3f} to {f.high:.3f}",
            "if each for itself": round(f.apart, 3),
            "mean probability of the album": None if f.probability is None else round(f.probability, 2),
        }
        for f in failures
    ]
    st.dataframe(sure, hide_index=True, alt="Sets of axes that are wrong together, and how sure the model was there")
    st.caption("Where axes fail and the album's probability is no lower than at “none”, the model does not know that it fails.")


def show_beside(workbench: Workbench, run: RunInfo, review: Review, *, what: Question) -> None:
    """Draw the choice of a second run, its table beside, and the cells that differ."""
    others = {r.run_id: r for r in workbench.runs.all() if r.run_id != run.run_id and r.dataset_digest == run.dataset_digest}
    if not others:
        st.caption("There is no other run on the same data to put beside this one.")
        return
    chosen = st.selectbox("Put beside it", [_ANY, *others], key="confusion.beside", bind="query-params")
    if chosen not in others:
        return
    st.caption(escape(run_label(others[chosen])))
    second, seed = review_of(workbench, chosen), workbench.settings.seed
    if second.leaked or review.leaked:
        st.warning("One of the two is **leaked**: what differs says nothing about which is better.", icon=":material/warning:")
    left, right = st.columns(2)
    for place, one, name in ((left, review, "this run"), (right, second, "the other")):
        with place:
            st.markdown(f"**{name}:** {escape(one.run_id)}")
            cells = confusion(one, what, seed=seed)
            show(confusion_figure(cells, unit=unit_of(run), leaked=one.leaked), key=f"confusion.beside.{name}")
    rows = [
        {
            "truth": d.truth,
            "answer": d.answer,
            "this run": round(d.first, 2),
            "the other": round(d.second, 2),
            "difference": round(d.difference, 2),
            "range (95 %)": "" if d.low is None or d.high is None else f"{d.low:+.2f} to {d.high:+.2f}",
            "p, corrected": None if d.p is None else round(d.p, 4),
        }
        for d in cell_differences(review, second, what, seed=seed)[:30]
    ]
    st.dataframe(rows, hide_index=True, alt="Cells in which the two runs differ, the largest difference first")
    st.caption("On the texts that both were asked, paired over whole groups; p by flipping groups, corrected for all cells.")


@st.cache_resource(show_spinner=False, max_entries=8)
def _contrasts() -> dict[str, SplitComparison]:
    return {}


def show_split_contrast(workbench: Workbench, run: RunInfo) -> None:
    """Draw what a split by row would claim of the run's data, beside the split by song, once it is asked for."""
    name = workbench.review.own_dataset(run)
    if name is None:
        st.caption("The data that this run learned from is not imported here.")
        return
    kept, place = _contrasts(), f"{workbench.settings.home} {run.dataset_digest}"
    unit = unit_of(run)
    st.caption(
        f"One plain classifier on the rows as they stand in the data, repeats included, asked twice: split by {unit}, and "
        "split by row. Training never splits by row unless that is asked for by name."
    )
    if place not in kept:
        if not st.button("Show what a split by row would claim", key="confusion.contrast", icon=":material/call_split:"):
            return
        with working("Splitting both ways", done="Split both ways") as progress:
            kept[place] = workbench.review.split_contrast(name, progress=progress)
    found = kept[place]
    st.markdown(
        f"Split by {escape(unit)}: **{found.right_by_song:.2f}** right. Split by row: **{found.right_by_row:.2f}**, "
        "which is **leaked** and worth nothing where rows repeat."
    )
    left, right = st.columns(2)
    with left:
        show(confusion_figure(found.by_song, unit=unit, leaked=False), key="confusion.by_song")
    with right:
        show(confusion_figure(found.by_row, unit=unit, leaked=True), key="confusion.by_row")
    st.caption(f"{found.n:,} of {count(found.of, 'rows')} with an album, {count(found.n_groups, unit)}.")
