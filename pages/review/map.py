"""Map: the texts of a data set as points, similar ones together."""

import streamlit as st

from rebracket_core.ui import site
from rebracket_core.ui.kit.empty import needs
from rebracket_core.ui.kit.engine import bench
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.review.maps import tabs as map_tabs
from rebracket_core.ui.review.maps.fit import ensure_first, fit_form, show_work
from rebracket_core.ui.review.maps.selection import show_picture
from rebracket_core.ui.review.maps.view import ask, choose

st.title("Map", anchor=False)
st.caption("Each point is a text; texts that an encoder finds alike lie together. The figures below say how far to trust it.")

workbench = bench()
datasets = {meta.name: meta for meta in workbench.datasets.all()}
if not datasets:
    needs("There are no texts to map yet.", (site.IMPORT, "Import data"))
    st.stop()
runs = sorted(workbench.runs.all(), key=lambda run: not run.promoted)

meta = datasets[choose("Data set", {name: name for name in datasets}, param="dataset")]
infos = ensure_first(workbench, meta)
asked = ask(workbench, infos, runs)

show_picture(workbench, asked)
show_work(workbench, meta)
place, pair, beside, fit, away = st.tabs(
    ["Place a concept", "Two selections", "Two runs or maps", "Fit a map", "Take away"], key="map.tab", bind="query-params"
)
if place.open:
    with place, guard():
        map_tabs.place_form(workbench, asked)
if pair.open:
    with pair, guard():
        map_tabs.two_selections(workbench, asked)
if beside.open:
    with beside, guard():
        map_tabs.two_maps(workbench, asked, infos, runs)
if fit.open:
    with fit, guard():
        fit_form(workbench, meta, runs)
if away.open:
    with away, guard():
        map_tabs.take_away(workbench, asked)
