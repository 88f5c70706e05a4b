"""Geometry: how albums and axes lie in the space of the encoder."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.library.datasets import choose_dataset
from rebracket_core.ui.review import geometry

st.title("Geometry", anchor=False)
st.caption("How far albums lie apart, whether they lie on a line, which axes are one, and which layer knows it.")

workbench = bench()
meta = choose_dataset(workbench, key="geometry.dataset", nothing="There is no data to measure yet.")
if meta is None:
    st.stop()
found = None
with guard():
    found = geometry.geometry_of(workbench, meta)
if found is not None:
    st.subheader("How far albums lie apart", anchor=False)
    geometry.show_space(found, meta)
    st.subheader("Are the axes different directions?", anchor=False)
    geometry.show_angles(found)
    st.subheader("Colours and texts", anchor=False)
    geometry.show_colours(found)
    st.subheader("Layer by layer", anchor=False)
    with guard():
        geometry.show_layers(workbench, meta)
site.link(site.AUDIT, "What this data set can teach", query={"audit.dataset": meta.name})
