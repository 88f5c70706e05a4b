"""Jobs of the kinds that describe their options: a form that is made of these, and the jobs with how far they are."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rebracket_core.services import JobView
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.option_form import ask_all
from rebracket_core.ui.train.run_progress import stage_text
from rebracket_core.workbench import Workbench

_EVERY_S = 1.0
_SHOWN = 20


def any_to_show(workbench: Workbench) -> bool:
    """Whether such a kind is registered, or there is a job of one."""
    return bool(workbench.jobs.offered() or workbench.jobs.submitted())


def show(workbench: Workbench) -> None:
    """Draw the form of a new job, where a kind is registered, and the jobs, newest first."""
    if offered := workbench.jobs.offered():
        labels = {name: kind.label for name, kind in offered.items()}
        name = st.selectbox("Kind of job", list(labels), format_func=labels.__getitem__, key="jobs.kind") or next(iter(labels))
        _form(workbench, name)
    st.subheader("Jobs", anchor=False)
    if not workbench.jobs.submitted():
        st.caption("None has been started yet.")
        return
    active = any(state.status.active for state in workbench.jobs.submitted())
    st.fragment(_jobs, run_every=_EVERY_S if active else None)(workbench, polling=active)


def _form(workbench: Workbench, name: str) -> None:
    kind = workbench.jobs.offered()[name]
    st.caption(escape(kind.help))
    options = kind.options()
    chosen: dict[str, Any] = {}
    ask_all(options, {o: option.default for o, option in options.items()}, prefix=f"jobs.{name}", chosen=chosen)
    if st.button("Start", type="primary", icon=":material/play_arrow:", key="jobs.start"):
        with st.spinner("Starting its worker"):
            workbench.jobs.submit(name, values=chosen)
        st.rerun()


def _jobs(workbench: Workbench, *, polling: bool) -> None:
    with guard():
        states = workbench.jobs.submitted()[:_SHOWN]
        if polling and not any(state.status.active for state in states):
            st.rerun()  # the whole page, which asks no more
        for state in states:
            _job(workbench, workbench.jobs.view(state.job_id))


def _job(workbench: Workbench, view: JobView) -> None:
    state = view.state
    with st.container(border=True, gap="xsmall"):
        st.text(f"{view.label} · {state.job_id} · {state.status}")
        if view.options:
            st.caption(escape(", ".join(f"{name}={value}" for name, value in view.options.items())))
        if state.stage and state.total > 1:
            st.progress(min(1.0, max(0.0, state.done / state.total)), text=escape(stage_text(state)))
        if state.error:
            st.error(f"{escape(state.error)} {escape(state.hint)}")
        if state.status.active:
            if st.button("Cancel", icon=":material/cancel:", key=f"jobs.cancel.{state.job_id}"):
                workbench.jobs.cancel(state.job_id)
        elif state.status.resumable and st.button("Resume", icon=":material/resume:", key=f"jobs.resume.{state.job_id}"):
            workbench.jobs.resume(state.job_id)
            st.rerun()
        with st.expander("Log", icon=":material/article:", key=f"jobs.log.{state.job_id}"):
            st.code(view.log or "Nothing yet.", language=None, wrap_lines=True, height=160)
