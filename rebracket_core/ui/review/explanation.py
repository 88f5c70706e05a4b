"""An explanation on a page: what is asked, the words, two lamps, the nearest training texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from rebracket_core.charts import word_shares
from rebracket_core.errors import RebracketError
from rebracket_core.insight.explain.margins import OUTPUTS, classes_of
from rebracket_core.services.explain.explain import AGREE, Checks, Explanation
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import error_box
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.train.run_summary import run_label
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench

_FIRST, _SECOND, _IN_USE = "(the first)", "(the second)", "The run in use"
_MOST_WORDS = 24
_NAMES = {"confidence": "chromatic confidence", "type": "rebracketing type"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page asks: a run, a text, an output, an answer and what it is held against (None: first and second)."""

    run_id: str
    text: str
    output: str
    answer: str | None
    against: str | None


def controls(workbench: Workbench) -> Asked:
    """Draw what is asked, all of it in the address, so that a link restores the page."""
    runs = {run.run_id: run for run in workbench.runs.all()}
    ids = sorted(runs, key=lambda i: not runs[i].promoted)
    text = st.text_area(
        "Concept",
        key="explain.text",
        bind="query-params",
        height=120,
        max_chars=workbench.settings.max_text_chars,
        placeholder="A concept in one or two sentences",
        help="Ctrl+Enter explains it. It becomes a part of the address.",
    )
    # Plain ids: the address holds what an option shows, and a label changes when another run is put to use.
    run_id = st.selectbox(
        "Run",
        [_IN_USE, *ids],
        key="explain.run",
        bind="query-params",
        help="A link keeps a run that is chosen here; the run in use may be another one later.",
    )
    chosen_run = run_id if run_id in runs else ids[0]
    st.caption(escape(run_label(runs[chosen_run])))
    output = st.segmented_control(
        "Question",
        OUTPUTS,
        default=OUTPUTS[0],
        required=True,
        key="explain.output",
        bind="query-params",
        format_func=lambda name: _NAMES.get(name, name),
    )
    chosen = output if output in OUTPUTS else OUTPUTS[0]
    names = classes_of(chosen)
    with st.container(horizontal=True):
        answer = st.selectbox("Why this answer", [_FIRST, *names], key="explain.answer", bind="query-params", width=240)
        against = st.selectbox("and not that one", [_SECOND, *names], key="explain.against", bind="query-params", width=240)
    return Asked(
        run_id=chosen_run,
        text=text or "",
        output=chosen,
        answer=answer if answer in names else None,
        against=against if against in names else None,
    )


@st.cache_data(max_entries=64, show_spinner="Asking which words it rests on")
def explained(home: str, asked: Asked, *, _workbench: Workbench) -> Explanation:
    """The explanation of a text, made once."""
    return _workbench.explain.explain(
        asked.text, output=asked.output, answer=asked.answer, against=asked.against, run_id=asked.run_id
    )


@st.cache_resource(show_spinner=False)
def _kept() -> dict[tuple[str, Explanation], Checks]:
    return {}


def checked(workbench: Workbench, found: Explanation) -> Checks | None:
    """The checks of an explanation, made once, with progress; None, with a box, where they cannot be made."""
    kept, key = _kept(), (str(workbench.settings.home), found)
    if key not in kept:
        try:
            with working("Checking it in other ways", done="Checked") as progress:
                made = workbench.explain.check(found, progress=progress)
        except RebracketError as error:
            error_box(error)
            return None
        while len(kept) >= 64:
            kept.pop(next(iter(kept)), None)
        kept[key] = made
    return kept[key]


def show_words(found: Explanation, checks: Checks | None, *, every: bool) -> None:
    """Draw the share of each word in the margin; the strongest ones alone where there are many."""
    n = len(found.words)
    strongest = sorted(range(n), key=lambda i: -abs(found.gradients[i]))[: n if every else _MOST_WORDS]
    others = {}
    if checks is not None:
        others = {"exact Shapley": checks.shapley} if checks.shapley else {}
        others["SHAP"] = checks.shap
    fails = not found.adds_up or (checks is not None and _fails(checks))
    show(
        word_shares(
            found.words,
            found.gradients,
            others=others,
            predicted=found.predicted,
            runner_up=found.runner_up,
            order=sorted(strongest),
            trusted=not fails,
        ),
        key=f"explain.words.{'checked' if checks else 'first'}",
    )


def too_many(found: Explanation) -> bool:
    """Whether there are more words than are drawn at first."""
    return len(found.words) > _MOST_WORDS


def head(found: Explanation) -> None:
    """Draw what was asked and the margin in words."""
    st.markdown(
        f"**{escape(found.predicted)}** leads {escape(found.runner_up)} by **{found.margin:+.2f}** logits"
        if found.margin >= 0
        else f"**{escape(found.predicted)}** is behind {escape(found.runner_up)} by **{-found.margin:.2f}** logits"
    )
    what = "log-odds" if found.output == "type" else "calibrated answer, as the verdict has it"
    st.caption(
        f"The margin is that of the {what}, over all members of the model. With every word blanked it is "
        f"{found.baseline:+.2f}; the shares are what the words add to that."
    )


def _fails(checks: Checks) -> bool:
    return not checks.stable or (checks.behaviour is not None and not checks.behaviour.holds)


def show_lamps(found: Explanation, checks: Checks | None) -> None:
    """Draw the numerical and the behavioural lamp, each with its figures, and the ranks of other methods."""
    left, right = st.columns(2)
    with left:
        _lamp(found.adds_up, f"**Numerical:** the shares miss {abs(found.missed):.4f} logits, {found.delta:.2%} of the way.")
        st.caption("Whether the sum is right. A right sum can still name the wrong words.")
    with right:
        _behavioural(checks)
    if checks is None:
        return
    rows = [
        ("a second baseline ([MASK] for [PAD])", checks.second_baseline),
        ("SHAP", checks.with_shap),
        ("exact Shapley", checks.with_shapley),
    ]
    table = [{"Integrated Gradients beside": name, "rank correlation": round(v, 2)} for name, v in rows if v is not None]
    if table:
        st.dataframe(table, hide_index=True, alt="Rank correlation of the shares with those of other methods")
    if not checks.stable:
        st.warning(
            f"A second baseline ranks the words otherwise (below {AGREE}): do not lean on their order.",
            icon=":material/warning:",
        )
    st.caption(
        "SHAP and Shapley delete words and start from the empty text, gradients from blanked tokens: they answer slightly "
        "different questions. Exact Shapley asks about every part of a text of ten words or fewer, and is the yardstick."
    )


def _behavioural(checks: Checks | None) -> None:
    if checks is None:
        st.info("**Behavioural:** not checked yet.", icon=":material/hourglass_empty:")
        return
    b = checks.behaviour
    if b is None:
        st.info("**Behavioural:** fewer than four words cannot be told from chance.", icon=":material/help:")
        return
    _lamp(
        b.holds,
        f"**Behavioural:** without its first words the margin falls by {b.comprehensiveness:.2f} (random words "
        f"{b.random_comprehensiveness:.2f}, p {b.comprehensiveness_p:.3f}); with them alone by {b.sufficiency:.2f} (random "
        f"{b.random_sufficiency:.2f}, p {b.sufficiency_p:.3f}).",
    )
    st.caption(f"Whether the words matter as said, against {b.orders} random orders. Both must beat 19 of 20.")


def _lamp(holds: bool, said: str) -> None:
    if holds:
        st.success(said, icon=":material/check_circle:")
    else:
        st.warning(said, icon=":material/warning:")


def show_nearest(workbench: Workbench, found: Explanation) -> None:
    """Draw the training texts that lie nearest, of those whose vectors are remembered."""
    near = workbench.explain.nearest(found.text, run_id=found.run_id)
    if not near.n:
        st.text("The data that this run learned from is not imported here.")
        return
    if not near.texts:
        st.text(f"The vectors of the {count(near.n, 'texts')} that the run learned from are not remembered.")
        if st.button("Read these texts", key="explain.read", icon=":material/menu_book:"):
            with working("Reading the training texts", done="Read") as progress:
                workbench.explain.remember(found.run_id, progress=progress)
            st.rerun()
        return
    if near.learned:
        st.warning(
            "The run learned from this very text: its answer may be memory. The nearest other texts stand below it.",
            icon=":material/school:",
        )
    rows = [
        {"cosine": round(n.cosine, 3), "album": n.album or "", "text": f"(this text) {n.text}" if n.same else n.text}
        for n in near.texts
    ]
    st.dataframe(
        rows,
        hide_index=True,
        alt="The nearest training texts with their albums",
        column_config={"text": st.column_config.TextColumn(width="large")},
    )
    st.caption(f"Among {near.n_known:,} of {count(near.n, 'texts')} that the run learned from, by the encoder alone.")


def verdict_on(workbench: Workbench, found: Explanation) -> dict[str, Any]:
    """The verdict on the text that is explained; it is not kept in the history."""
    concept = Concept("explained", found.text, "explained")
    return workbench.verdicts.validate([concept], run_id=found.run_id, keep=False)[0].to_dict()


def query_of(verdict: Mapping[str, Any]) -> dict[str, str]:
    """What the address of this page says for the text of a verdict."""
    return {"explain.text": str(verdict["text"]), "explain.run": str(verdict["run_id"])}


def to_validate(text: str, *, key: str) -> None:
    """Draw the way to the Validate page with a text in its form."""
    # A link and no jump: Streamlit refuses to leave a page from code while its address is bound to widgets.
    if st.button("Put it into the Validate form", key=key, icon=":material/rule:"):
        st.session_state["validate.text"] = text
        site.link(site.VALIDATE, "It is in the form: go and validate it")
