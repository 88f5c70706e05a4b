"""An explanation on a page: the words, two lamps, the nearest training texts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rebracket_core.charts import word_shares
from rebracket_core.ui.escape import escape
from rebracket_core.ui.figure import show
from rebracket_core.workbench import Workbench
from rebracket_core.workbench.explaining import Explanation


@st.cache_data(max_entries=32, show_spinner="Explaining ...")
def explained(_workbench: Workbench, home: str, text: str, output: str, run_id: str) -> Explanation:
    """The explanation of a text, made once."""
    return _workbench.explain(text, output=output, run_id=run_id)


def show_words(found: Explanation) -> None:
    """Draw the share of each word in the margin."""
    st.markdown(f"**{escape(found.predicted)}** before {escape(found.runner_up)}, logit margin {found.margin:+.2f}.")
    show(word_shares(found.words, found.gradients, exact=found.shapley, predicted=found.predicted,
                     runner_up=found.runner_up), key="explain.words")
    st.caption("This is the head's own preference; an album's verdict also weighs the axes.")


def show_lamps(found: Explanation) -> None:
    """Draw the numerical and the behavioural check, each with its figures."""
    said = f"Numerical: the shares miss {found.delta:.2%} of the margin."
    (st.success if found.adds_up else st.warning)(said)
    b = found.behaviour
    if b is None:
        st.info("Behavioural: a text of one word cannot be checked.")
    else:
        (st.success if b.holds else st.warning)(
            f"Behavioural: without its first words the margin falls by {b.comprehensiveness:.2f} (random words "
            f"{b.random_comprehensiveness:.2f}); with them alone by {b.sufficiency:.2f} (random {b.random_sufficiency:.2f})."
        )
    for value, what in ((found.second_baseline, "a second baseline"), (found.with_shapley, "exact Shapley")):
        if value is not None:
            st.caption(f"Rank correlation with {what}: {value:.2f}.")


def show_nearest(found: Explanation) -> None:
    """Draw the training texts that lie nearest."""
    if not found.nearest:
        st.info("The data set that this run was trained on is not in the library.")
        return
    rows = [{"cosine": round(n.cosine, 3), "album": n.album or "", "text": n.text} for n in found.nearest]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
