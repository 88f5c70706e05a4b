"""Geometry: how albums and axes lie in the space of the encoder."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.kit import guard
from rebracket_core.ui.library import choose_dataset
from rebracket_core.ui.review import geometry, show_sections

PAGE = PageSpec(
    title="Geometry",
    icon=":material/share_location:",
    position=6,
    help="How albums and axes lie in the space of the encoder.",
    about="How far albums lie apart, whether they lie on a line, which axes are one, and which layer knows it.",
    empty={
        "no_data": ("There is no data to measure yet.", ("import", "Import data")),
        "no_albums": (
            "No text of this data set has an album, so there is nothing to measure. Choose another one, or label its texts.",
            ("label", "Label texts"),
            ("import", "Import data"),
        ),
    },
)

workbench = PAGE.open()
PAGE.require(workbench.datasets.all(), "no_data")
meta = choose_dataset(workbench, key="geometry.dataset")
PAGE.require(geometry.has_albums(workbench, meta), "no_albums")
show_sections(geometry.page_of(workbench, meta))
st.subheader("Layer by layer", anchor=False)
with guard():
    geometry.show_layers(workbench, meta)
site.link("audit", "What this data set can teach", query={"audit.dataset": meta.name})
