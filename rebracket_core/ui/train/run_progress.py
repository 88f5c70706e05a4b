"""A training as it goes on: what it does, how far it is, its curves and its log; and the way to stop it or go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from rebracket_core.charts import (
    accuracy_curves,
    accuracy_so_far,
    finetuning_curves,
    finetunings,
    loss_curves,
    loss_of_folds,
    newest_warning,
)
from rebracket_core.jobs import JobState, Status
from rebracket_core.services import RunWatch
from rebracket_core.ui import site
from rebracket_core.ui.annotate.retraining_effect import show_labels_effect
from rebracket_core.ui.kit.curves import show_curves
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.train.run_choice import promote_button
from rebracket_core.workbench import Workbench

NEW, WATCH, OTHER = "New training", "Watch", "Other jobs"
_VIEW, _RUN, _STARTED, _CANCELLED = "launch.view", "launch.run", "launch.started", "launch.cancelled"
_EVERY_S, _AT_FIRST_S = 1.0, 0.5
_ADDRESS = "run"

_MEANINGS: dict[Status, tuple[Callable[..., object], str, str]] = {
    Status.CREATED: (st.warning, ":material/pause_circle:", "It was made, but no worker has begun on it: resume it."),
    Status.STARTING: (st.info, ":material/hourglass_top:", "Its worker is starting; that takes some seconds."),
    Status.QUEUED: (st.info, ":material/hourglass_top:", "It waits for its turn: another model is being trained."),
    Status.RUNNING: (st.info, ":material/model_training:", "It is being trained. This page may be closed."),
    Status.DONE: (st.success, ":material/check_circle:", "It is trained."),
    Status.FAILED: (st.error, ":material/error:", "It failed; what was finished is kept."),
    Status.CANCELLED: (st.warning, ":material/cancel:", "It was cancelled; what was finished is kept; resume it to go on."),
    Status.LOST: (
        st.warning,
        ":material/power_off:",
        "Its worker ended without a word (killed or power cut); what was finished is kept; resume it.",
    ),
}


def choose_view(states: Sequence[JobState], *, others: bool = False) -> str:
    """Draw the choice between a new training, watching one, where there is one, and other jobs, where there are any.

    It begins with watching where the address names a run or one is active.
    """
    if started := st.session_state.pop(_STARTED, None):
        st.session_state.update({_VIEW: WATCH, _RUN: started})
    views = [NEW, *([WATCH] if states else []), *([OTHER] if others else [])]
    if len(views) == 1:
        return NEW
    if st.session_state.get(_VIEW) not in views:
        watched = bool(states) and (_ADDRESS in st.query_params or any(s.status.active for s in states))
        st.session_state[_VIEW] = WATCH if watched else NEW
    return st.segmented_control("View", views, key=_VIEW, required=True, label_visibility="collapsed") or NEW


def watch_next(run_id: str) -> None:
    """Keep in mind that Launch shows this run when it is drawn next."""
    st.session_state[_STARTED] = run_id


def go_and_watch(run_id: str) -> None:
    """Draw the page again with this run on screen."""
    watch_next(run_id)
    st.rerun()


def choose_run(states: Sequence[JobState]) -> str:
    """Draw the choice of a run, newest first, and return it; the address names it as `run`, so that it can be kept."""
    ids = [s.run_id for s in states]
    named = st.query_params.get(_ADDRESS)
    if st.session_state.get(_RUN) not in ids:
        if named is not None and named not in ids:
            st.warning(f"There is no model {escape(named)} any more; this is another one.", icon=":material/search_off:")
        newest = next((s.run_id for s in states if s.status.active), ids[0])
        st.session_state[_RUN] = named if named in ids else newest
    chosen = st.selectbox("Model", ids, key=_RUN) or ids[0]
    if named != chosen:
        st.query_params[_ADDRESS] = chosen
    return chosen


def show_run(workbench: Workbench, run_id: str) -> None:
    """Draw a run as it stands; while it is active, anew every second, and twice a second until its first point is there."""
    watch = workbench.training.watch(run_id)
    every = None if not watch.state.status.active else _EVERY_S if watch.points else _AT_FIRST_S
    st.fragment(_run, run_every=every)(workbench, run_id, every=every)


def _run(workbench: Workbench, run_id: str, *, every: float | None) -> None:
    with guard():
        watch = workbench.training.watch(run_id)
        if every is not None and not watch.state.status.active:
            st.rerun()  # the whole page, which asks no more
        _show_status(watch.state)
        _show_progress(watch.state)
        _show_tracker(watch)
        if watch.state.status is Status.DONE:
            _show_worth(workbench, run_id)
        _buttons(workbench, watch.state)
        _show_curves(watch)
        with st.expander("Log", icon=":material/article:", key="launch.log"):
            st.code(watch.log or "Nothing yet.", language=None, wrap_lines=True, height=260)
        if every == _AT_FIRST_S and watch.points:
            st.rerun()  # the first point is drawn: from now on once a second


def _show_status(state: JobState) -> None:
    box, icon, meaning = _MEANINGS[state.status]
    lines = [f"**{state.status.capitalize()}.** {meaning}"]
    if state.status is Status.FAILED:
        lines += [f"**What happened:** {escape(state.error)}", f"**What to do:** {escape(state.hint)}"]
    box("  \n".join(lines), icon=icon)
    again = f" · attempt {state.attempt}" if state.attempt > 1 else ""
    made = state.created_at[:19].replace("T", " ")
    st.caption(f"On {escape(state.dataset)} · made {escape(made)} UTC{again}")
    if is_leaked(state):
        st.warning("Leaked: the split is by row, so the figures of this model measure memory, not skill.")


def _show_tracker(watch: RunWatch) -> None:
    """Draw where a tracker has the run, or why it has not; nothing where none was asked for."""
    tracked = watch.tracked
    if tracked.get("error"):
        st.warning(f"The tracker {escape(tracked['tracker'])} failed; the training did not: {escape(tracked['error'])}")
    elif tracked.get("where"):
        st.caption(f"Tracked with {escape(tracked['tracker'])}: {escape(tracked['where'])}")


def is_leaked(state: JobState) -> bool:
    """Whether the run was asked to be split by row."""
    return state.config.get("split") == "leaked"


def _show_progress(state: JobState) -> None:
    """Draw the stage, how much of it is through and the time that is left; nothing where no worker says so."""
    if not state.stage or state.status is Status.DONE:
        return
    if state.total > 1:
        share = min(1.0, max(0.0, state.done / state.total))
        st.progress(share, text=f"{escape(stage_text(state))}")
    else:
        st.caption(escape(stage_text(state)))


def stage_text(state: JobState) -> str:
    """The stage of a run in words, unescaped: "Training on the other songs · 2 of 5 · about 6 s left in this step"."""
    if not state.status.active:
        return f"It ended while: {state.stage}" + (f" · {state.done:,} of {state.total:,}" if state.total > 1 else "")
    parts = [state.stage]
    if state.total > 1:
        parts.append(f"{state.done:,} of {state.total:,}")
        if state.left_s is not None and state.done < state.total:
            parts.append(f"{time_left(state.left_s)} left in this step")
    return " · ".join(parts)


def time_left(seconds: float) -> str:
    """A time as people say it: "a moment", "about 40 s", "about 3 min", "about 2 h"."""
    if seconds < 1.5:
        return "a moment"
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.0f} h"


def _show_worth(workbench: Workbench, run_id: str) -> None:
    info = workbench.resources.runs.info(run_id)
    seen = "the other rows, by memory" if info.leaked else "held-out groups"
    use = "It is the production model." if info.promoted else "It is not the production model: promote it if it is better."
    st.text(f"Album accuracy on {seen}: {info.measured.album}. {use}")
    show_labels_effect(workbench, run_id, key="launch.effect")
    if info.config.get("labels", "none") != "none" and not info.promoted:
        promote_button(workbench, info, key="launch.promote")
    site.link("runs", "See its figures among the models", query={"runs.run": run_id})


def _buttons(workbench: Workbench, state: JobState) -> None:
    """Draw what can be done with the run as it stands: stop it, or go on with it."""
    place = f"{state.run_id} {state.attempt}"
    if state.status.active:
        cancelling = st.session_state.get(_CANCELLED) == place
        label = "Cancelling at its next step" if cancelling else "Cancel"
        if st.button(label, icon=":material/cancel:", key="launch.cancel", disabled=cancelling):
            workbench.training.cancel(state.run_id)
            st.session_state[_CANCELLED] = place
            st.rerun()
    elif state.status.resumable and st.button("Resume", type="primary", icon=":material/resume:", key="launch.resume"):
        workbench.training.resume(state.run_id)
        st.rerun()


def _show_curves(watch: RunWatch) -> None:
    leaked = is_leaked(watch.state)
    if warning := newest_warning(watch.points):
        st.warning(escape(warning), icon=":material/balance:")
    left, right = st.columns(2)
    with left:
        if finetunings(watch.points):
            show_curves(finetuning_curves(watch.points), key="launch.tuning_loss")
        elif loss_of_folds(watch.points):
            show_curves(loss_curves(watch.points, leaked=leaked), key="launch.loss")
    with right:
        if accuracy_so_far(watch.points):
            show_curves(accuracy_curves(watch.points, leaked=leaked), key="launch.right")


def show_others(workbench: Workbench, *, chosen: str) -> None:
    """Draw the other runs that wait or train, each with its progress and a way to it; nothing where there is none."""
    if any(s.status.active and s.run_id != chosen for s in workbench.training.states()):
        st.fragment(_others, run_every=_EVERY_S)(workbench, chosen)


def _others(workbench: Workbench, chosen: str) -> None:
    others = [s for s in workbench.training.states() if s.status.active and s.run_id != chosen]
    if not others:
        st.rerun()
    st.subheader("Also active", anchor=False)
    for state in others:
        with st.container(border=True, gap="xsmall"):
            st.text(f"{state.run_id} · {state.status}")
            _show_progress(state)
            if st.button("Watch", key=f"launch.watch.{state.run_id}", on_click=_turn_to, args=(state.run_id,)):
                st.rerun()


def _turn_to(run_id: str) -> None:
    st.session_state[_RUN] = run_id
