"""What the Monitoring page draws: the counts of verdicts over time, the test of drift, and a sample for people to label."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from rebracket_core.annotation import Role
from rebracket_core.charts import albums_over_time, latency_over_time, verdicts_over_time
from rebracket_core.errors import DataError
from rebracket_core.insight import Drift
from rebracket_core.runs import RunInfo
from rebracket_core.services import STEPS, Traffic
from rebracket_core.ui import site
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.person import person_here
from rebracket_core.ui.train.run_summary import choose_run
from rebracket_core.workbench import Workbench

_DAYS = {1: "a day", 7: "7 days", 30: "30 days", 90: "90 days"}


def controls(runs: dict[str, RunInfo]) -> tuple[str, int]:
    """Draw the choice of a run and of a time, and return both."""
    run = choose_run(runs, key="monitoring.run")
    days = st.selectbox(
        "Look back",
        list(STEPS),
        index=1,
        format_func=lambda d: _DAYS.get(d, str(d)),
        key="monitoring.days",
        bind="query-params",
        width=160,
    )
    return run.run_id, (days if days in STEPS else 7)


def show_numbers(traffic: Traffic) -> None:
    """Draw how many verdicts there were, the share accepted and the time that they took."""
    total, half, most = traffic.total, traffic.latency_s(0.5), traffic.latency_s(0.95)
    with st.container(horizontal=True):
        st.metric("Verdicts", f"{total.n:,}", border=True)
        st.metric(
            "Accepted",
            "–" if traffic.accepted is None else f"{traffic.accepted:.2f}",
            border=True,
            help="Of the texts that could be scored, in any of the three ways.",
        )
        st.metric("Failed", f"{total.kinds['error']:,}", border=True, help="Texts that carry an error.")
        st.metric("Median latency", "–" if half is None else _time(half), border=True)
        st.metric("95th percentile latency", "–" if most is None else _time(most), border=True)


def show_course(traffic: Traffic) -> None:
    """Draw verdicts, albums and latency over time."""
    times = [datetime.fromtimestamp(b.start_s, UTC).strftime("%Y-%m-%d %H:%M") for b in traffic.buckets]
    show(verdicts_over_time(times, [b.kinds for b in traffic.buckets]), key="monitoring.verdicts")
    show(albums_over_time(times, [b.albums for b in traffic.buckets]), key="monitoring.albums")
    show(
        latency_over_time(times, [b.quantile_s(0.5) for b in traffic.buckets], [b.quantile_s(0.95) for b in traffic.buckets]),
        key="monitoring.latency",
    )
    st.caption(f":material/info: Each bar and point stands for {_span(traffic.step_s)}; times are UTC.")


def show_drift(workbench: Workbench, run: RunInfo, *, days: int) -> None:
    """Draw whether the texts that came in are still like the training texts."""
    try:
        with st.spinner("Comparing the texts with the training texts"):
            found = _drift(run.run_id, days, workbench.history.count(run_id=run.run_id), _workbench=workbench)
    except DataError as error:
        st.info(f"Drift is not tested: {escape(error.found)}. {escape(error.hint.capitalize())}.", icon=":material/hourglass:")
        return
    sentence = f"p = {found.p_value:.3f}, discrepancy {found.mmd2:.4f}; {found.n_incoming:,} texts against {found.n_training:,}"
    if found.alarm:
        st.warning(
            f"**Drift:** the texts that came in are unlike the texts that {escape(run.run_id)} was trained on ({sentence}). "
            "Its "
            "figures were measured on texts of the other kind: label a sample of the new ones before you trust it.",
            icon=":material/warning:",
        )
    else:
        st.success(f"No drift to be seen ({sentence}).", icon=":material/check_circle:")
    st.caption(
        f"The kernel two-sample test (Gretton and others, 2012) on the encoder's vectors of the newest texts in the history. p "
        f"is how often shuffled texts differ as much; the alarm is at {found.level}. It takes texts as independent: many texts "
        "of one new song or thread raise it too."
    )


def show_sample(workbench: Workbench, run: RunInfo, *, days: int) -> None:
    """Draw the way to put a sample of what came in into the annotation queue."""
    ready = len(workbench.monitoring.sample(run.run_id, n=1000, days=days))
    if not ready:
        st.info("No text to label came in: texts that the model was trained on don't count.", icon=":material/hourglass:")
        return
    st.caption(
        f"{ready:,} different texts of this time stand in the history. A random sample shows what the model does on them; "
        "people label it as a project of its own."
    )
    person = person_here(workbench.labels.session)
    if person is None:
        return
    if person.role is not Role.ADMIN:
        st.caption(f":material/info: Only an admin makes a project; you are {escape(str(person.role))}.")
        return
    with st.form("monitoring.sample", border=True):
        name = st.text_input("Name of the project", value=f"incoming {datetime.now(UTC):%Y-%m-%d}", key="monitoring.name")
        most = min(ready, 1000)
        size = st.number_input("Texts", min_value=1, max_value=most, value=min(most, 100), key="monitoring.size")
        sent = st.form_submit_button("Make the project", icon=":material/label:")
    if sent:
        with guard():
            made = workbench.monitoring.to_label(name, run.run_id, by=person.person_id, n=int(size), days=days)
            st.success(f"{escape(made.name)} is ready to be labelled.", icon=":material/check_circle:")
            site.link("label", "Label it", query={"label.project": made.project_id})


@st.cache_data(show_spinner=False, ttl=300, max_entries=16)
def _drift(run_id: str, days: int, kept: int, *, _workbench: Workbench) -> Drift:
    """The test, made again when more texts came in; `kept` is how many verdicts the history holds."""
    return _workbench.monitoring.drift(run_id, days=days)


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


def _span(seconds: int) -> str:
    return {3600: "an hour", 21_600: "6 hours"}.get(seconds, "a day")
