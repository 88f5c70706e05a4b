"""The form for a new map: the first one at once, others in a worker that outlives the page, with its progress."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rebracket_core.corpus import TEXT_FIELDS, DatasetMeta
from rebracket_core.encoders import MINILM
from rebracket_core.maps import DEFAULTS, FINAL, MapMethod
from rebracket_core.runs import RunInfo
from rebracket_core.services.maps import MapInfo
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.kit.progress import working
from rebracket_core.workbench import Workbench

_EVERY_S = 1
_METHODS = {
    MapMethod.UMAP: "UMAP: groups at a glance",
    MapMethod.TSNE: "t-SNE: neighbourhoods, preserved best",
    MapMethod.PCA: "PCA: at once, the broad directions only",
}


def ensure_first(workbench: Workbench, meta: DatasetMeta) -> list[MapInfo]:
    """The fitted maps of a data set as it is now, newest first; where there is none yet, a PCA map is drawn with progress.

    Empty where all that there are were archived: none of them comes back unless somebody wants it.
    """
    fitted, box = _fitted(workbench, meta), st.empty()
    if not fitted and not workbench.maps.infos(meta.name, archived=True):
        with box.container(), working("Drawing the first map", done="Drawn") as progress:
            workbench.maps.fit(workbench.maps.spec(meta.name, method=MapMethod.PCA), progress=progress)
        box.empty()
        fitted = _fitted(workbench, meta)
    return fitted


def _fitted(workbench: Workbench, meta: DatasetMeta) -> list[MapInfo]:
    return [info for info in workbench.maps.infos(meta.name) if info.fitted and info.spec.digest == meta.digest]


def fit_form(workbench: Workbench, meta: DatasetMeta, runs: Sequence[RunInfo]) -> None:
    """Draw the options of a new map and start its worker when asked."""
    with st.form("map.fit", border=False):
        left, right = st.columns(2)
        with left:
            method = st.radio("Method", list(_METHODS), format_func=lambda m: _METHODS[m], key="map.fit.method")
            dims = st.segmented_control("Dimensions", [2, 3], default=2, required=True, key="map.fit.dims")
            text = st.selectbox("Text", list(TEXT_FIELDS), key="map.fit.text")
        with right:
            run_id = st.selectbox("Encoder of the model", ["the settings' own", *(r.run_id for r in runs)], key="map.fit.run")
            layer = st.text_input(
                "Layer",
                FINAL,
                key="map.fit.layer",
                help="“final” is what the encoder gives. 0, 1, 2, … is one hidden layer, read with PyTorch: slower.",
            )
            near = st.number_input(
                "Neighbours (UMAP) or perplexity (t-SNE)", 2, 200, None, key="map.fit.near", placeholder="default"
            )
            seed = st.number_input("Seed", 0, 2**31 - 1, workbench.settings.seed, key="map.fit.seed")
        pressed = st.form_submit_button("Fit this map", type="primary", icon=":material/scatter_plot:")
    if pressed:
        knob = next(iter(DEFAULTS[MapMethod(method)]), None)
        with guard():
            spec = workbench.maps.spec(
                meta.name,
                method=method,
                dims=int(dims or 2),
                text=text or "concept",
                layer=(layer or FINAL).strip(),
                run_id=run_id if any(r.run_id == run_id for r in runs) else "",
                seed=int(seed or 0),
                encoder="" if any(r.run_id == run_id for r in runs) else workbench.settings.encoder or MINILM,
                params={knob: float(near)} if knob and near else {},
            )
            map_id = workbench.maps.launch(spec)
            if workbench.maps.info(map_id).fitted:
                open_map(map_id)
            st.session_state["map.watched"] = map_id
            st.rerun()


def open_map(map_id: str) -> None:
    """Draw the page again with this map on it."""
    st.session_state.pop("map.watched", None)
    st.session_state.pop("map.map", None)
    st.query_params["map"] = map_id
    st.rerun()


def show_work(workbench: Workbench, meta: DatasetMeta) -> None:
    """Draw the maps of a data set that are being fitted, or failed; while one is, anew every second."""
    busy = any(info.state.status.active for info in workbench.maps.infos(meta.name))
    st.fragment(_work, run_every=_EVERY_S if busy else None)(workbench, meta.name, busy=busy)


def _work(workbench: Workbench, dataset: str, *, busy: bool) -> None:
    infos = workbench.maps.infos(dataset)
    watched = st.session_state.get("map.watched")
    mine = next((info for info in infos if info.map_id == watched), None)
    if mine is not None and mine.fitted:
        open_map(mine.map_id)
    if busy and not any(info.state.status.active for info in infos):
        st.rerun()  # the whole page, which asks no more
    for info in infos:
        if info.fitted:
            continue
        state = info.state
        with st.container(border=True, gap="xsmall"):
            st.caption(f"{escape(info.spec.title)} · {escape(state.status)}")
            if state.status.active:
                st.progress(min(1.0, state.done / state.total) if state.total else 0.0, text=escape(state.stage or "Starting"))
                if st.button("Cancel", icon=":material/cancel:", key=f"map.cancel.{info.map_id}"):
                    with guard():
                        workbench.maps.cancel(info.map_id)
            elif state.error:
                st.text(f"{state.error} {state.hint}")
