"""What a page says when it has nothing to show yet: what it needs and where to get it."""

from __future__ import annotations

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.site import Place


def needs(text: str, *places: tuple[Place, str]) -> None:
    """Draw what is missing in a sentence, and a link to each place that helps."""
    with st.container(border=True):
        st.text(text)
        for place, label in places:
            site.link(place, label)


def needs_model(has_data: bool) -> None:
    """Draw that there is no model, and the way to one from what there is."""
    if has_data:
        needs(
            "There is no model yet, and without one no verdict is given. Train one from the data that is here.",
            (site.LAUNCH, "Train a model"),
        )
    else:
        needs(
            "There is no model yet, and without one no verdict is given. Import texts first (the starter corpus takes "
            "one press), then train.",
            (site.IMPORT, "Import data"),
            (site.LAUNCH, "Train a model"),
        )
