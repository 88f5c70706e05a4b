"""Counterfactuals on a page: what is to be reached, the fewest word changes that reach it, and those saved before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from rebracket_core.insight.explain import ACCEPT, REJECT, Counterfactual, CounterfactualSearch, Goal
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.services.explain import Outcome, Replay
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.validation import Verdict
from rebracket_core.workbench import Workbench

_FLUENCY = (
    "Whether it reads naturally compares pairs of neighbouring words with the training texts; that knows no grammar, so read "
    "before you use one."
)
_NATURAL, _SO_SO = -0.15, -0.5  # log10 of how likely a word is beside the original: from here on "yes", from here on "so-so"


@st.cache_resource(show_spinner=False)
def _kept() -> dict[tuple[str, str, str, str], CounterfactualSearch]:
    return {}


def goals(verdict: Verdict) -> list[str]:
    """What a scored text may be made to reach, as `Goal` writes it: nearest albums first, the verdict, then axes."""
    shares = verdict.album_probabilities or {}
    albums = sorted((name for name in shares if name != verdict.album), key=lambda name: -shares[name])
    other = REJECT if verdict.is_accepted else ACCEPT
    axes = [f"{axis}={mode}" for axis in AXIS_NAMES for mode in MODES[axis] if mode != _argmax_mode(verdict, axis)]
    albums.sort(key=lambda name: name != verdict.expected_album)
    return [f"album={albums[0]}", f"verdict={other}", *(f"album={name}" for name in albums[1:]), *axes]


def _argmax_mode(verdict: Verdict, axis: str) -> str:
    shares: Mapping[str, float] = getattr(verdict, axis) or {}
    return max(shares, key=lambda mode: shares[mode])


def goal_words(text: str) -> str:
    """A goal in words: "Green", "to be accepted", "temporal: past, the other axes as they are"."""
    goal = Goal.parse(text)
    if goal.what == "album":
        return goal.to
    if goal.what == "verdict":
        return "to be accepted" if goal.to == ACCEPT else "to be rejected"
    return f"{goal.what}: {goal.to}, the other axes as they are"


def show_search(workbench: Workbench, verdict: Verdict, *, key: str, bind: bool = False) -> None:
    """Draw the choice of a goal, the button that searches, and what was found; `verdict` is that on the text as it is.

    With `bind` the goal stands in the address. Texts with an error, and runs without verdicts, have nothing to reach.
    """
    if verdict.error is not None:
        return
    listed = goals(verdict)
    more: dict[str, Any] = {"bind": "query-params"} if bind else {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("To reach", listed, format_func=goal_words, key=f"{key}.goal", width=360, **more)
        goal = chosen if chosen in listed else listed[0]
        pressed = st.button("Find word changes", key=f"{key}.find", icon=":material/swap_horiz:")
    run_id, text = str(verdict.run_id), verdict.text
    kept, place = _kept(), (str(workbench.settings.home), run_id, text, goal)
    if pressed:
        with guard(), working("Trying word edits (at most 8 s)", done="Tried") as progress:
            found = workbench.counterfactuals.find(
                text, Goal.parse(goal), run_id=run_id, thresholds=dict(verdict.thresholds), progress=progress
            )
            while len(kept) >= 64:
                kept.pop(next(iter(kept)), None)
            kept[place] = found
    if place not in kept:
        st.caption("Words are deleted or replaced by words of the training texts; the model itself scores every text tried.")
        return
    _show_found(kept[place], key=key)


def _show_found(found: CounterfactualSearch, *, key: str) -> None:
    if not found.counterfactuals:
        why = (
            f"No text with up to {found.most_edits} of the edits that were tried reaches it."
            if found.complete
            else f"The time was up; up to {count(found.most_edits, 'edits')} were tried."
        )
        st.warning(f"Nothing was found. {why} {count(found.tried, 'texts')} were scored.", icon=":material/search_off:")
        return
    st.markdown(f"**To reach {escape(goal_words(str(found.goal)))}:**")
    for at, counterfactual in enumerate(found.counterfactuals):
        _show_counterfactual(counterfactual, key=f"{key}.flip.{at}")
    without = "The training texts are not here, so words were only deleted."
    st.caption(
        f"The fewest word changes of those that were tried: {count(found.tried, 'texts')} scored in {found.seconds:.1f} s. "
        f"{_FLUENCY if found.counterfactuals[0].fluency is not None else without} "
        "What is found with the model's own thresholds is kept among the saved changes."
    )


def _show_counterfactual(one: Counterfactual, *, key: str) -> None:
    with st.container(border=True):
        st.markdown(" · ".join(f"**{escape(str(edit))}**" for edit in one.edits))
        st.text(one.text)
        natural = "" if one.fluency is None else f" · reads naturally: {reads_naturally(one.fluency)}"
        st.caption(escape(f"{one.verdict.album} {one.verdict.album_probability:.2f} · {one.verdict.verdict}{natural}"))
        st.button(
            "Put it into the Validate form", key=f"{key}.take", icon=":material/rule:", on_click=_take, args=(one.text, key)
        )
        if st.session_state.get("flips.taken") == key:
            site.link("validate", "It is in the form: go and validate it")


def reads_naturally(fluency: float) -> str:
    """The word for a fluency: "yes", "so-so" or "no"."""
    return "yes" if fluency >= _NATURAL else "so-so" if fluency >= _SO_SO else "no"


def _take(text: str, key: str) -> None:
    st.session_state["validate.text"] = text
    st.session_state["validate.one"] = None
    st.session_state["flips.taken"] = key


def show_saved(workbench: Workbench, run_id: str, *, key: str, at_once: bool = False) -> None:
    """Draw what a run makes of the counterfactuals that were kept: `at_once`, or on a button."""
    service = workbench.counterfactuals
    n = len(service.store.all())
    if not n:
        st.text("No change is saved yet. What a search finds is saved here.")
        return
    st.caption(f"{count(n, 'word changes')} saved, each of which once flipped a result. Another model may see them otherwise.")
    if not at_once and not st.button("Try them on this model", key=f"{key}.replay", icon=":material/replay:"):
        return
    found = None
    with guard(), working("Trying the saved changes", done="Tried") as progress:
        found = service.replay(run_id, progress=progress)
    if found is not None:
        _show_replay(found)


def _show_replay(found: Replay) -> None:
    summary = ", ".join(f"{o}: {found.count(o)}" for o in Outcome if found.count(o))
    st.markdown(f"**{escape(summary)}**")
    st.dataframe(
        [
            {
                "outcome": str(r.outcome),
                "goal": r.counterfactual.goal,
                "before": r.before,
                "after": r.after,
                "changes": "; ".join(r.counterfactual.edits),
                "text": r.counterfactual.text,
                "found on": r.counterfactual.run_id,
            }
            for r in sorted(found.rows, key=lambda r: list(Outcome).index(r.outcome), reverse=True)
        ],
        hide_index=True,
        alt="Every saved change with what this model makes of it",
    )
