"""The people of a project on a page: agreement, suggestions, each person, times and pace."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.annotation import Project, list_events
from rebracket_core.annotation.agreement import Agreement, Measured
from rebracket_core.charts import AgreementDot, agreement_intervals, labels_by_day
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.services.labels import LabelHealth, label_health, weigh_people
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.train.run_progress import watch_next
from rebracket_core.workbench import Workbench

_STATE = "progress.health"


def health_of(workbench: Workbench, project: Project) -> LabelHealth:
    """The figures of a project; computed again only where a label or an item's state changed since."""
    session = workbench.labels.session
    newest = list_events(session, project.project_id, limit=1)
    place = (project.project_id, newest[0].seq if newest else 0)
    cached = st.session_state.get(_STATE)
    if cached is None or cached[0] != place:
        with st.spinner("Computing agreement and intervals"):
            cached = (place, label_health(session, project.project_id, seed=workbench.settings.seed))
        st.session_state[_STATE] = cached
    found: LabelHealth = cached[1]
    return found


def show_progress(health: LabelHealth) -> None:
    """Draw how far the project is and at which pace it goes on."""
    progress = health.progress
    with st.grid(4, min_column_width=150):
        st.metric("Texts complete", f"{progress.n_complete:,} / {progress.n_items:,}", border=True)
        st.metric("Labels", f"{progress.n_labels:,}", border=True)
        st.metric("For a reviewer", f"{progress.n_to_adjudicate:,}", border=True)
        st.metric("Labels a day", f"{health.pace.per_day:,.0f}", border=True, help="The mean of the last seven days")
    if health.pace.n_left and health.pace.days_left is not None:
        left = count(health.pace.n_left, "labels are left")
        st.caption(f"{left}: {health.pace.days_left:,.1f} days at the pace of the last week.")
    if progress.on_old_guideline:
        st.caption(f"{count(progress.on_old_guideline, 'labels')} were given under an earlier guideline.")
    show(labels_by_day(health.pace.by_day), key="progress.days")


def retrain_button(workbench: Workbench, project: Project) -> None:
    """Draw the button that trains again with all labels, and once pressed go and watch. Raises as `retrain` does."""
    pressed = st.button("Retrain with these labels", icon=":material/model_training:", key="progress.retrain")
    st.caption(
        "A worker trains on the project's texts; people's labels of a text, from here and other projects, stand in the place "
        "of its album. When it is done you see what the labels changed, and may promote the model."
    )
    if pressed:
        with st.spinner("Starting its worker"):
            run_id = workbench.retraining.retrain(project.project_id)
        watch_next(run_id)
        st.switch_page(site.PAGES.get("launch").file)


def show_agreement(health: LabelHealth) -> None:
    """Draw agreement on each question, with what it rests on."""
    report = health.agreement
    st.caption(f"{report.n_used:,} of {report.n_labels:,} labels were given alone and count here.")
    for why, n in report.excluded.items():
        st.caption(f"Skipped, {escape(why)}: {n:,}.")
    dots = [
        AgreementDot(q.question, q.main.value, q.main.low, q.main.high, q.main.n_items)
        for q in report.questions
        if q.main.value is not None
    ]
    if dots:
        show(agreement_intervals(dots), key="progress.agreement")
    for question in report.questions:
        if question.main.value is None:
            st.caption(f"{question.question}: no figure; {escape(question.main.why)}.")
    name = st.segmented_control(
        "Question",
        [q.question for q in report.questions],
        default=report.questions[0].question,
        required=True,
        key="progress.question",
        bind="query-params",
        wrap=True,
    )
    chosen = report.of(name or report.questions[0].question)
    rows = [_coefficient(one) for one in (chosen.main, *chosen.others, *chosen.pairs)]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=f"Coefficients of agreement on {chosen.question}")
    basis = chosen.basis
    rates = ", ".join(f"{mode} {share:.2f}" for mode, share in basis.base_rates.items())
    overlap = ", ".join(f"{items:,} with {n}" for n, items in basis.overlap.items())
    st.caption(
        f"Answers: {basis.n_hard:,} hard, {basis.n_soft:,} mixed, {basis.n_abstained:,} cannot tell or not answered. "
        f"Texts by number of labels: {overlap or 'none'}. Mean shares: {rates or 'none'}."
    )


def show_automation_bias(health: LabelHealth) -> None:
    """Draw what seeing the model's prediction does to people (automation bias)."""
    if not any(part.shown.n for part in health.automation_bias):
        st.caption("Nobody has seen a suggestion of the model before a label, so there is no effect to measure.")
        return
    effect = health.automation_bias[0].difference
    if effect.low is not None and effect.high is not None and effect.value is not None:
        word = "more" if effect.value >= 0 else "less"
        proven = "" if effect.low > 0 or effect.high < 0 else " The range holds 0: no effect is proven."
        st.text(
            f"Who saw the model's prediction agreed with it {abs(effect.value):.2f} {word} often than who did not "
            f"(95 %: {effect.low:+.2f} to {effect.high:+.2f}).{proven}"
        )
    rows = [
        {
            "question": part.question,
            "agree, seen": _range(part.shown),
            "agree, without suggestions": _range(part.blind),
            "difference": _range(part.difference),
            "difference of agreement with others": _range(part.overlap_difference),
            "own label changed": _range(part.flip_rate),
            "of these toward the model": _range(part.toward_model),
            "seconds, seen less without": _range(part.time_difference_s),
        }
        for part in health.automation_bias
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, alt="Agreement with the model where its prediction was seen and where not"
    )
    st.caption(
        "Which texts come without suggestions is drawn at random, so the two differ by the suggestion alone. Texts are drawn "
        "again."
    )


def show_people(health: LabelHealth) -> None:
    """Draw each person beside the others: agreement, steadiness on repeats, time."""
    steady = {one.annotator: one for one in health.steadiness}
    overlap = {axis: {one.annotator: one.overlap for one in people} for axis, people in health.against_others.items()}
    rows = []
    for times in health.times:
        row: dict[str, Any] = {"person": times.annotator, "labels": times.n_labels}
        row |= {f"agreement with others, {axis}": _range(overlap[axis].get(times.annotator)) for axis in AXIS_NAMES}
        one = steady.get(times.annotator)
        row["same label on repeats"] = _range(one.overlap if one else None)
        row["median time"] = "–" if times.median_s is None else f"{times.median_s:.1f} s"
        low, high = times.low_quartile_s, times.high_quartile_s
        row["typical time"] = "–" if low is None else f"{low:.1f} to {high:.1f} s"
        row["first, last third"] = "–" if times.early_s is None else f"{times.early_s:.1f}, {times.late_s:.1f} s"
        row["suspiciously fast, slow"] = f"{times.n_quick}, {times.n_slow}"
        rows.append(row)
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Each person beside the others")
    st.caption(
        "Agreement with others is 1 where a person says exactly what the others say on average, with the range that other "
        "texts would likely give. Who differs from the others is not wrong for that. Time is time with the page in focus."
    )


def show_confusion(health: LabelHealth, axis: str) -> None:
    """Draw, a person a table, their label where the others say each mode."""
    for person in health.against_others[axis]:
        frame = pd.DataFrame(person.confusion, columns=list(MODES[axis])).round(1)
        frame.insert(0, f"{person.annotator} says →", [f"others: {mode}" for mode in MODES[axis]])
        st.dataframe(frame, hide_index=True, alt=f"What {person.annotator} says beside the others, {axis}")


def weigh_form(workbench: Workbench, project: Project, *, axis: str) -> None:
    """Draw a button that weighs people by several methods, and what it found. Raises as `weigh_people` does."""
    if not st.button("Weigh people by three methods", key="progress.weigh", icon=":material/balance:"):
        return
    bar = st.progress(0.0, text="Fitting on tables drawn from the ratings")

    def step(done: int, total: int) -> None:
        bar.progress(done / total, text=f"Fitting on tables drawn from the ratings: {done} of {total}")

    found = weigh_people(workbench.labels, workbench.resources, project_id=project.project_id, axis=axis, progress=step)
    bar.empty()
    rows = []
    for method in found.methods:
        quality, spread = method.quality or {}, method.quality_spread or {}
        row = {"method": method.name, **{who: f"{q:.2f} ± {spread[who]:.2f}" for who, q in quality.items()}}
        differ = "–" if method.spread is None else f"{method.spread.mean():.3f}"
        rows.append({**row, "tables differ by": differ, "why not": method.why})
    st.dataframe(pd.DataFrame(rows).fillna("–"), hide_index=True, alt="The quality of each person by method")
    for (one, other), share in found.same_first.items():
        st.caption(f"{one} and {other} put the same mode first on {share:.0%} of the texts.")
    st.caption(
        f"Fitted on {count(found.n_tables, 'tables')} of hard answers drawn from the ratings; ± is how far these differ. Each "
        "method's quality is of its own kind, so compare people within a line, not lines."
    )


def _coefficient(one: Agreement) -> dict[str, Any]:
    number = {name: getattr(one, name) for name in ("value", "low", "high", "observed", "expected")}
    return {
        "coefficient": one.name,
        **{name: None if v is None else round(v, 3) for name, v in number.items()},
        "texts": one.n_items,
        "labels": one.n_labels,
        "why not": one.why,
    }


def _range(found: Measured | None) -> str:
    if found is None:
        return "–"
    if found.value is None or found.low is None or found.high is None:
        return f"not enough yet ({found.n})"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}] n={found.n}"
