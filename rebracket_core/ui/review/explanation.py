"""An explanation on a page: what is asked, the words, two checks, the nearest training texts."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from rebracket_core.charts import WordShares, word_shares
from rebracket_core.errors import RebracketError
from rebracket_core.insight.explain import OUTPUTS, classes_of
from rebracket_core.services.explain import AGREE, Checks, Explanation
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import error_box
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.train.run_summary import run_label
from rebracket_core.validation import Concept, Verdict
from rebracket_core.workbench import Workbench

_FIRST, _SECOND, _PRODUCTION = "(the first)", "(the second)", "The production model"
_MOST_WORDS = 24
_NAMES = {"confidence": "chromatic confidence", "type": "rebracketing type", "any_type": "any rebracketing type"}


@dataclass(frozen=True, slots=True)
class Request:
    """What the page explains: a run, a text, an output, a prediction and what it is held against (None: first and second)."""

    run_id: str
    text: str
    output: str
    answer: str | None
    against: str | None


def controls(workbench: Workbench) -> Request:
    """Draw what is explained, all of it in the address, so that a link restores the page."""
    text = st.text_area(
        "Concept",
        key="explain.text",
        bind="query-params",
        height=120,
        max_chars=workbench.settings.max_text_chars,
        placeholder="A concept in one or two sentences",
        help="Ctrl+Enter explains it. It becomes a part of the address.",
    )
    run_id = _choose_run(workbench)
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
        answer = st.selectbox("Why this prediction", [_FIRST, *names], key="explain.answer", bind="query-params", width=240)
        against = st.selectbox("and not that one", [_SECOND, *names], key="explain.against", bind="query-params", width=240)
    return Request(
        run_id=run_id,
        text=text or "",
        output=chosen,
        answer=answer if answer in names else None,
        against=against if against in names else None,
    )


def _choose_run(workbench: Workbench) -> str:
    """Draw the choice of a model, the production model first, and return its run's id."""
    runs = {run.run_id: run for run in workbench.runs.all()}
    ids = sorted(runs, key=lambda i: not runs[i].promoted)
    # Plain ids: the address holds what an option shows, and a label changes when another run is promoted.
    run_id = st.selectbox(
        "Model",
        [_PRODUCTION, *ids],
        key="explain.run",
        bind="query-params",
        help="A link keeps a model that is chosen here; the production model may be another one later.",
    )
    chosen = run_id if run_id in runs else ids[0]
    st.caption(escape(run_label(runs[chosen])))
    return chosen


@st.cache_data(max_entries=64, show_spinner="Finding which words it rests on")
def explained(home: str, request: Request, *, _workbench: Workbench) -> Explanation:
    """The explanation of a text, made once."""
    return _workbench.explain.explain(
        request.text, output=request.output, answer=request.answer, against=request.against, run_id=request.run_id
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
            WordShares(
                words=found.words, shares=found.gradients, predicted=found.predicted, runner_up=found.runner_up, others=others
            ),
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
        f"**{escape(found.predicted)}** leads {escape(found.runner_up)} by **{found.margin:+.2f}** in the score"
        if found.margin >= 0
        else f"**{escape(found.predicted)}** is behind {escape(found.runner_up)} by **{-found.margin:.2f}** in the score"
    )
    what = "log-odds" if found.output == "type" else "calibrated score, as the verdict has it"
    st.caption(
        f"The margin is that of the {what}, over the whole ensemble. With every word removed it is "
        f"{found.baseline:+.2f}; the shares are what the words add to that."
    )


def _fails(checks: Checks) -> bool:
    return not checks.stable or (checks.behaviour is not None and not checks.behaviour.holds)


def show_checks(found: Explanation, checks: Checks | None) -> None:
    """Draw check 1 (completeness) and check 2 (faithfulness), each with its figures, and the ranks of other methods."""
    left, right = st.columns(2)
    with left:
        _check_box(
            found.adds_up,
            f"**Check 1, sums to the score:** the shares miss {abs(found.missed):.4f} of it, {found.delta:.2%} of the way.",
        )
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
        "SHAP and Shapley delete words and start from the empty text, gradients from removed tokens: they answer slightly "
        "different questions. Exact Shapley asks about every part of a text of ten words or fewer, and is the yardstick."
    )


def _behavioural(checks: Checks | None) -> None:
    if checks is None:
        st.info("**Check 2, removing these words matters:** not checked yet.", icon=":material/hourglass_empty:")
        return
    b = checks.behaviour
    if b is None:
        st.info(
            "**Check 2, removing these words matters:** four words or more are needed to compare with random orders.",
            icon=":material/help:",
        )
        return
    _check_box(
        b.holds,
        f"**Check 2, removing these words matters:** without its first words the margin falls by {b.comprehensiveness:.2f} "
        "(random words "
        f"{b.random_comprehensiveness:.2f}, p {b.comprehensiveness_p:.3f}); with them alone by {b.sufficiency:.2f} (random "
        f"{b.random_sufficiency:.2f}, p {b.sufficiency_p:.3f}).",
    )
    st.caption(f"Whether the words matter in this order, against {b.orders} random orders. Both must beat 19 of 20.")


def _check_box(holds: bool, sentence: str) -> None:
    if holds:
        st.success(sentence, icon=":material/check_circle:")
    else:
        st.warning(sentence, icon=":material/warning:")


def show_nearest(workbench: Workbench, found: Explanation) -> None:
    """Draw the training texts that lie nearest, of those whose vectors are remembered."""
    near = workbench.explain.nearest(found.text, run_id=found.run_id)
    if not near.n:
        st.text("The data that this model was trained on is not imported here.")
        return
    if not near.texts:
        st.text(f"The vectors of the {count(near.n, 'texts')} that the model was trained on are not remembered.")
        if st.button("Read these texts", key="explain.read", icon=":material/menu_book:"):
            with working("Reading the training texts", done="Read") as progress:
                workbench.explain.remember(found.run_id, progress=progress)
            st.rerun()
        return
    if near.learned:
        st.warning(
            "The model was trained on this very text: its prediction may be memory. The nearest other texts stand below it.",
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
    st.caption(f"Among {near.n_known:,} of {count(near.n, 'texts')} that the model was trained on, by the encoder alone.")


def verdict_on(workbench: Workbench, found: Explanation) -> Verdict:
    """The verdict on the text that is explained; it is not kept in the history."""
    concept = Concept("explained", found.text, "explained")
    return workbench.verdicts.validate([concept], run_id=found.run_id, keep=False)[0]


def query_of(verdict: Verdict) -> dict[str, str]:
    """What the address of this page says for the text of a verdict."""
    return {"explain.text": verdict.text, "explain.run": str(verdict.run_id)}


def to_validate(text: str, *, key: str) -> None:
    """Draw the way to the Validate page with a text in its form."""
    # A link and no jump: Streamlit refuses to leave a page from code while its address is bound to widgets.
    if st.button("Put it into the Validate form", key=key, icon=":material/rule:"):
        st.session_state["validate.text"] = text
        site.link("validate", "It is in the form: go and validate it")
