"""Map: the texts of a data set as points, similar ones together."""

import streamlit as st

from rebracket_core.services import StoredKind
from rebracket_core.ui import PageSpec
from rebracket_core.ui.kit import guard, lifecycle_menu, show_archived
from rebracket_core.ui.review.maps import ask, choose, ensure_first, fit_form, show_picture, show_work, tabs as map_tabs

PAGE = PageSpec(
    title="Map",
    icon=":material/scatter_plot:",
    position=1,
    help="The texts of a data set as points: similar ones lie together.",
    about="Each point is a text; texts that an encoder finds alike lie together. The figures below say how far to trust it.",
    empty={"no_texts": ("There are no texts to map yet.", ("import", "Import data"))},
)

workbench = PAGE.open()
datasets = {meta.name: meta for meta in workbench.datasets.all()}
PAGE.require(datasets, "no_texts")
runs = sorted(workbench.runs.all(), key=lambda run: not run.promoted)

meta = datasets[choose("Data set", {name: name for name in datasets}, param="dataset")]
infos = ensure_first(workbench, meta)
if not infos:
    st.info("The maps of this data set are archived.", icon=":material/archive:")
    show_archived(workbench, StoredKind.MAP, page="map")
    with guard():
        fit_form(workbench, meta, runs)
    st.stop()
request = ask(workbench, infos, runs)

show_picture(workbench, request)
show_work(workbench, meta)
place, pair, beside, fit, away = st.tabs(
    ["Place a concept", "Two selections", "Two models or maps", "Fit a map", "Export"], key="map.tab", bind="query-params"
)
if place.open:
    with place, guard():
        map_tabs.place_form(workbench, request)
if pair.open:
    with pair, guard():
        map_tabs.two_selections(workbench, request)
if beside.open:
    with beside, guard():
        map_tabs.two_maps(workbench, request, infos, runs)
if fit.open:
    with fit, guard():
        fit_form(workbench, meta, runs)
if away.open:
    with away, guard():
        map_tabs.export(workbench, request)
        with st.container(horizontal=True):
            lifecycle_menu(workbench, StoredKind.MAP, request.stored.map_id, key="map.own")
        show_archived(workbench, StoredKind.MAP, page="map")
