"""Searching for training options: what to vary, how the trials go, and what the held-out groups say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from rebracket_core.charts import option_importance, trial_values
from rebracket_core.corpus import DatasetMeta
from rebracket_core.jobs import JobState, Status
from rebracket_core.options import Choices, Range
from rebracket_core.services import SearchView, plan_from
from rebracket_core.training.config import TrainingConfig, all_options
from rebracket_core.training.hpo import FIRST, OBJECTIVES, SearchPlan, suggested
from rebracket_core.ui import site
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.train.run_progress import stage_text
from rebracket_core.workbench import Workbench

_FOUND, _ADDRESS, _STARTED = "search.chosen", "search", "search.started"
_SAYS: dict[Status, str] = {
    Status.CREATED: "It was made, but no worker has begun on it: resume it.",
    Status.STARTING: "Its worker is starting; that takes some seconds.",
    Status.QUEUED: "It waits for its turn: a training goes first.",
    Status.RUNNING: "It is searching. This page may be closed.",
    Status.DONE: "All trials are through.",
    Status.FAILED: "It failed; the trials that ended are kept.",
    Status.CANCELLED: "It was cancelled; the trials that ended are kept; resume it to go on.",
    Status.LOST: "Its worker ended without a word; the trials that ended are kept; resume it.",
}


def choose_plan(workbench: Workbench) -> SearchPlan:
    """Draw what is varied, and between what, and return the plan. Raises ConfigError where a choice is not allowed."""
    base = TrainingConfig.of(encoder=workbench.settings.encoder, seed=workbench.settings.seed)
    known, offered = all_options(), suggested()
    names = st.multiselect(
        "Options to vary",
        list(offered),
        default=list(FIRST),
        format_func=lambda name: known[name].label,
        key="search.options",
        bind="query-params",
    )
    st.caption("All other options stay as a training has them by default. Few options and many trials find more.")
    space = {name: _ask(name, offered[name], label=known[name].label) for name in dict.fromkeys(names)}
    n_trials = st.number_input("Trials", 2, 500, value=30, step=1, key="search.trials", width=320, bind="query-params")
    objective = st.selectbox(
        "Minimise", list(OBJECTIVES), format_func=OBJECTIVES.__getitem__, key="search.objective", bind="query-params"
    )
    plan = plan_from(space, base=base, n_trials=int(n_trials), objective=objective or next(iter(OBJECTIVES)))
    with st.expander("This space as a file", icon=":material/description:", key="search.file"):
        st.code(plan.space.to_yaml(), language="yaml")
    return plan


def _ask(name: str, option: Range | Choices, *, label: str) -> Any:
    """Draw the ends of a range or the choices of an option, and return them as a space has them."""
    if isinstance(option, Choices):
        shown = {str(value): value for value in option.values}
        chosen = st.pills(
            label, list(shown), selection_mode="multi", default=list(shown), key=f"search.{name}", bind="query-params"
        )
        return [shown[word] for word in chosen]
    with st.container(horizontal=True):
        whole = float(option.low).is_integer() and bool(option.step or isinstance(option.low, int))
        kind = int if whole else float
        low = st.number_input(f"{label} from", value=kind(option.low), key=f"search.{name}.low", width=200, bind="query-params")
        high = st.number_input(
            f"{label} to", value=kind(option.high), key=f"search.{name}.high", width=200, bind="query-params"
        )
    more = ({"log": True} if option.log else {}) | ({"step": option.step} if option.step else {})
    return {"low": low, "high": high, **more}


def press(workbench: Workbench, meta: DatasetMeta, *, plan: SearchPlan) -> None:
    """Draw the button; once pressed, start a worker that searches and show it."""
    if st.button("Search", type="primary", icon=":material/manage_search:", key="search.go"):
        with st.spinner("Starting its worker"):
            st.session_state[_STARTED] = workbench.search.launch(meta.name, plan=plan)
        st.rerun()


def choose_search(states: Sequence[JobState]) -> str:
    """Draw the choice of a search, newest first, and return it; the address names it."""
    ids = [state.run_id for state in states]
    named = st.session_state.pop(_STARTED, None) or st.query_params.get(_ADDRESS)
    if named in ids and (_FOUND not in st.session_state or st.query_params.get(_ADDRESS) != named):
        st.session_state[_FOUND] = named
    if st.session_state.get(_FOUND) not in ids:
        st.session_state[_FOUND] = ids[0]
    chosen = st.selectbox("Search", ids, key=_FOUND) or ids[0]
    if st.query_params.get(_ADDRESS) != chosen:
        st.query_params[_ADDRESS] = chosen
    return chosen


def show_search(workbench: Workbench, search_id: str) -> None:
    """Draw a search as it stands; while it is active, anew every two seconds."""
    active = workbench.search.view(search_id).state.status.active
    st.fragment(_draw, run_every=2 if active else None)(workbench, search_id, polling=active)


def _draw(workbench: Workbench, search_id: str, *, polling: bool) -> None:
    with guard():
        view = workbench.search.view(search_id)
        state = view.state
        if polling and not state.status.active:
            st.rerun()
        st.markdown(f"**{state.status.capitalize()}.** {_SAYS[state.status]}")
        if state.status is Status.FAILED:
            st.error(f"{escape(state.error)} {escape(state.hint)}", icon=":material/error:")
        if state.status.active:
            share = len(view.trials) / view.plan.n_trials
            done = f"{len(view.trials)} of {view.plan.n_trials} trials · {escape(stage_text(state))}"
            st.progress(min(1.0, share), text=done)
        _buttons(workbench, view)
        _trials(view)
        if view.found is not None:
            _show_found(workbench, view)


def _buttons(workbench: Workbench, view: SearchView) -> None:
    search_id = view.state.run_id
    if view.state.status.active:
        if st.button("Cancel", icon=":material/cancel:", key="search.cancel"):
            workbench.search.cancel(search_id)
    elif view.state.status.resumable and st.button("Resume", type="primary", icon=":material/resume:", key="search.resume"):
        workbench.search.resume(search_id)
        st.rerun()


def _trials(view: SearchView) -> None:
    if not view.trials:
        st.caption("No trial has ended yet.")
        return
    through = [(t["number"], t["value"]) for t in view.trials if t["value"] is not None]
    left, right = st.columns(2)
    if through:
        with left:
            show(trial_values(through, what=view.plan.objective), key="search.values")
    if view.found is not None and view.found["importance"]:
        with right:
            show(option_importance(view.found["importance"]), key="search.importance")
    rows = [
        {
            "trial": t["number"],
            "ended": t["status"],
            "value": t["value"],
            "album accuracy": (t["scores"].get("album") or {}).get("value"),
            **{name: str(value) if isinstance(value, (str, bool)) else value for name, value in t["options"].items()},
            "folds": t["folds"],
            "seconds": t["seconds"],
            "why": t["why"],
        }
        for t in view.ranked()
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt="The trials with their options, the best first",
        column_config={
            "value": st.column_config.NumberColumn(format="%.4f"),
            "album accuracy": st.column_config.NumberColumn(format="%.3f"),
        },
    )
    st.caption("Best first. Values are of the groups inside the search, so they favour what was chosen.")


def _show_found(workbench: Workbench, view: SearchView) -> None:
    """Draw the last word, of held-out groups, and the way to a run with the best options."""
    found = view.found or {}
    outer, best = found["outer"], found["best"]
    st.subheader("On groups that no trial was measured on", anchor=False)
    gap, mine = outer["difference"]["album_accuracy"], outer["best"]["album_accuracy"]
    st.text(
        f"{outer['n_groups']} groups were held out before the first trial. There trial {best['number']} has album accuracy "
        f"{_span(mine)}; what the search began with {_span(outer['base']['album_accuracy'])}."
    )
    proven = gap["ci_low"] is not None and (gap["ci_low"] > 0 or gap["ci_high"] < 0)
    st.caption(
        f"Difference {_span(gap, sign='+')}. "
        + (
            "It stands out from chance."
            if proven
            else "The difference may be chance: the options that the search began with may be as good."
        )
    )
    if st.button("Train it on everything", type="primary", icon=":material/rocket_launch:", key="search.train"):
        with st.spinner("Starting its worker"):
            run_id = workbench.training.launch_found(view.state.run_id)
        st.success(f"{escape(run_id)} is being trained.")
        site.link("launch", "Watch it", query={"run": run_id})


def _span(interval: dict[str, Any], *, sign: str = "") -> str:
    if interval["value"] is None or interval["ci_low"] is None:
        return "not measured"
    return f"{interval['value']:{sign}.3f} ({interval['ci_low']:{sign}.3f} to {interval['ci_high']:{sign}.3f})"
