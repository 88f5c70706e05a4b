"""Attention on a page, titled for what it is: where the encoder looked, and how little that says of the prediction."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rebracket_core.charts import attention_grid
from rebracket_core.insight.explain import MOST_WORDS, Attention, rank_correlation
from rebracket_core.services.explain import Checks, Explanation
from rebracket_core.ui.kit.figure import show
from rebracket_core.workbench import Workbench

_MEAN = "mean"


@st.cache_resource(max_entries=16, show_spinner="Reading the encoder's attention")
def _attention(home: str, run_id: str, text: str, *, _workbench: Workbench) -> Attention:
    return _workbench.explain.attention(text, run_id=run_id)


def show_attention(workbench: Workbench, found: Explanation, checks: Checks | None) -> None:
    """Draw one head's attention, or the mean of a layer, beside what it has in common with the shares of the words."""
    if len(found.words) > MOST_WORDS:
        st.text(f"Drawn for texts of at most {MOST_WORDS} words.")
        return
    if not st.toggle("Show it", key="explain.attention", bind="query-params"):
        st.caption("The way of information from word to word inside the encoder. It is no explanation of the prediction.")
        return
    seen = _attention(str(workbench.settings.home), found.run_id, found.text, _workbench=workbench)
    with st.container(horizontal=True):
        layers = [str(i + 1) for i in range(seen.n_layers)]
        heads = [_MEAN, *(str(i + 1) for i in range(seen.n_heads))]
        layer = st.selectbox("Layer", layers, index=len(layers) - 1, key="explain.layer", bind="query-params", width=160)
        head = st.selectbox("Head", heads, key="explain.head", bind="query-params", width=160)
    at = int(layer) - 1 if layer in layers else seen.n_layers - 1
    one = int(head) - 1 if head in heads[1:] else None
    grid = seen.grid(at, one)
    what = f"layer {at + 1}, " + ("mean of its heads" if one is None else f"head {one + 1}")
    show(attention_grid(seen.words, grid.tolist(), what=what), key="explain.attention.grid")
    special = seen.special[at].mean() if one is None else seen.special[at, one]
    exact = checks.shapley if checks else None
    sizes = np.abs(np.array(exact or found.gradients))[: len(seen.words)]
    alike = rank_correlation(grid.mean(axis=0), sizes)
    sentence = "not defined" if alike is None else f"{alike:+.2f}"
    st.caption(
        f"Of its attention {special:.0%} goes to the marks around the text and not to words. Rank correlation of what is "
        f"looked at with the size of the {'exact Shapley values' if exact else 'shares above'}: {sentence}."
    )
