"""What people's labels changed in a run, on a page: on a part that stays the same, against the run used before."""

from __future__ import annotations

import streamlit as st

from rebracket_core.services.labels import Effect
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.train.comparison import show_differences
from rebracket_core.workbench import Workbench

_MOST_CACHED = 8


def show_labels_effect(workbench: Workbench, run_id: str, *, key: str) -> None:
    """Draw what the labels changed; nothing for a run without labels. Raises ModelError where a run has no held-out rows."""
    place = (run_id, workbench.resources.runs.promoted_id())
    cached: dict[tuple[str, str | None], Effect | None] = st.session_state.setdefault("labels.effects", {})
    if place not in cached:
        with st.spinner("Comparing with the model before, text by text"):
            cached[place] = workbench.retraining.effect(run_id)
        while len(cached) > _MOST_CACHED:
            cached.pop(next(iter(cached)))
    effect = cached[place]
    if effect is None:
        return
    st.markdown("**What people's labels changed**")
    st.caption(
        f"It was trained on {escape(', '.join(effect.snapshots))}: labels of {count(effect.n_texts, 'texts')}, in the place of "
        f"albums and keywords. Compared with {escape(effect.before)}, the production model before."
    )
    if effect.fixed is None:
        st.caption(
            f"Of the labelled texts, {effect.n_chance:,} belong to the random sample. A fair comparison needs such texts from "
            "two songs or more; label on, they are mixed into every queue."
        )
    else:
        st.caption(
            f"On the {count(effect.fixed.n_rows, 'labelled texts')} of the random sample, taking what people say as the "
            "truth. Both predictions are held-out. The first is the model before, the second this one."
        )
        show_differences(effect.fixed, key=f"{key}.fixed")
    if effect.same is not None:
        with st.expander("On the texts whose label is the same in both", icon=":material/balance:"):
            show_differences(effect.same, key=f"{key}.same")
