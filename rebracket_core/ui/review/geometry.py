"""Geometry on a page: the geometry of a data set for its sections, and the layers of the encoder."""

from __future__ import annotations

import streamlit as st

from rebracket_core.corpus import DatasetMeta
from rebracket_core.insight.geometry import Geometry
from rebracket_core.reports import cka_figure, layer_figures
from rebracket_core.reports.sections import ReviewContext
from rebracket_core.services import LAYER_TEXTS
from rebracket_core.ui.concepts.sentences import units
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.library.datasets import worked_out
from rebracket_core.ui.review.sections import ReviewPage
from rebracket_core.workbench import Workbench

_MOST_KEPT = 8


@st.cache_resource(show_spinner=False)
def _kept() -> dict[str, Geometry]:
    return {}


def geometry_of(workbench: Workbench, meta: DatasetMeta) -> Geometry:
    """The geometry of a data set, measured with progress the first time and remembered by its digest."""
    return worked_out(
        _kept(),
        meta,
        make=lambda progress: workbench.review.geometry(meta.name, progress=progress),
        doing="Measuring",
        done="Measured",
        most=_MOST_KEPT,
    )


def has_albums(workbench: Workbench, meta: DatasetMeta) -> bool:
    """Whether any text has an album; data sets of the first versions do not say so, and are looked into."""
    return meta.n_albums > 0 or bool(workbench.datasets.get(meta.name).frame["album"].astype(bool).any())


def page_of(workbench: Workbench, meta: DatasetMeta) -> ReviewPage:
    """The Geometry page of a data set, whose sections need its geometry and nothing of a model."""
    context = ReviewContext(
        unit=units(meta.origins), seed=workbench.settings.seed, geometry=lambda: geometry_of(workbench, meta)
    )
    return ReviewPage(name="geometry", workbench=workbench, context=context)


def show_layers(workbench: Workbench, meta: DatasetMeta) -> None:
    """Draw what each layer of the encoder knows, once measured; measuring is asked for, because it takes a while."""
    known = workbench.review.known_layers(meta.name)
    if known is None:
        st.caption(
            f"Every layer is read for at most {LAYER_TEXTS:,} texts of whole groups, and probed with shuffled labels beside. "
            "That takes from some seconds to some minutes, once; it is kept."
        )
        if not st.button("Measure the layers", key="geometry.layers", icon=":material/layers:"):
            return
        with working("Measuring the layers", done="Measured") as progress:
            known = workbench.review.layers(meta.name, progress=progress)
    figures = list(layer_figures(known).items())
    if not figures:
        st.text("No question has enough labelled texts to be probed.")
    for k in range(0, len(figures), 2):
        for place, (what, figure) in zip(st.columns(2), figures[k : k + 2], strict=False):
            with place:
                show(figure, key=f"geometry.layer.{what}")
    show(cka_figure(known), key="geometry.cka")
