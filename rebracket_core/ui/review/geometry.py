"""Geometry on a page: distances, the path of the albums, the directions of the axes, colours, layers."""

from __future__ import annotations

import streamlit as st

from rebracket_core.corpus.schema import DatasetMeta
from rebracket_core.insight.geometry.album_path import Shape, Trajectory
from rebracket_core.insight.geometry.angles import SAME
from rebracket_core.insight.geometry.colour_space import colour_distances
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.reports.review_figures import angles_figure, cka_figure, colours_figure, distances_figure, layer_figures
from rebracket_core.services.review import LAYER_TEXTS, Geometry
from rebracket_core.ui.concepts.sentences import count, units
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.library.datasets import worked_out
from rebracket_core.workbench import Workbench

_MOST_KEPT = 8
_MEANING = {
    Shape.LINE: "The albums lie on a line as far as can be measured: straighter than a half circle through as many points.",
    Shape.BENT: "The albums lie on a bent path, not on a line.",
    Shape.WALK: "The albums lie on no line: from one album to the next the way turns sharply, or back.",
    Shape.NOISE: "There is no path: the steps between albums are no longer than those between albums dealt at random.",
    Shape.OPEN: "It cannot be told whether the albums lie on a line: too few texts for so small steps.",
}


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


def show_space(found: Geometry, meta: DatasetMeta) -> None:
    """Draw how far albums lie apart, and whether they lie on a line."""
    unit = units(meta.origins)
    st.caption(
        f"{count(found.n, 'different texts')} of {count(found.n_groups, unit)}, in the space of the encoder. No run has a part "
        "in this, and nothing is predicted: it describes where the labelled texts lie."
    )
    show(distances_figure(found.distances, unit=unit), key="geometry.distances")
    st.subheader("Do the albums lie on a line?", anchor=False)
    st.markdown(f"**{_MEANING[found.path.shape]}**")
    st.text(path_words(found.path))
    with st.expander("Step by step", icon=":material/timeline:"):
        st.dataframe(path_rows(found.path), hide_index=True, alt="Steps between neighbouring albums and their turns")


def path_words(path: Trajectory) -> str:
    """The figures of a path in a sentence."""
    if path.shape is Shape.NOISE:
        return f"p {path.p:.3f} that steps as long come from labels dealt at random between songs."
    if path.cosine != path.cosine:
        return "Fewer than three albums have two songs."
    return (
        f"Cosine between one step and the next {path.cosine:+.2f} ({path.low:+.2f} to {path.high:+.2f}): +1 on a line, "
        f"{path.half_circle:+.2f} on a half circle, 0 on a walk that forgets where it came from, below 0 where it turns back. "
        f"From end to end against the way walked, squared: {path.straightness:.2f} (1 on a line)."
    )


def path_rows(path: Trajectory) -> list[dict[str, object]]:
    """One mapping a step: from, to, squared length, and the cosine with the step after it."""
    names = [ALBUM_NAMES[k] for k in path.labels]
    rows: list[dict[str, object]] = []
    for k, length in enumerate(path.lengths.tolist()):
        turn = path.cosines[k] if k < len(path.cosines) else float("nan")
        rows.append(
            {
                "from": names[k],
                "to": names[k + 1],
                "squared length": round(length, 3),
                "cosine with the next step": None if turn != turn else round(float(turn), 2),
            }
        )
    return rows


def show_angles(found: Geometry) -> None:
    """Draw the directions of the axes and whether two of them are one."""
    for pair in found.angles.pairs:
        match = ", ".join(f"{a} with {b}" for a, b in pair.match)
        apart = "two directions" if pair.high < SAME else "neither shown to be one nor to be two"
        head = "one direction" if pair.one_direction else apart
        st.markdown(f"**{pair.first.capitalize()} and {pair.second}: {head}**")
        same = (
            " Every text has the same two labels together, so no model can learn these axes apart from such labels."
            if pair.labels_agree == 1.0
            else ""
        )
        st.text(
            f"Cosine {pair.cosine:+.2f} ({pair.low:+.2f} to {pair.high:+.2f}), p {pair.p:.3f}; {match}; the labels go together "
            f"in {pair.labels_agree:.0%} of {count(pair.n, 'texts')}.{same}"
        )
    if found.angles.pairs:
        show(angles_figure(found.angles), key="geometry.angles")
    else:
        st.text("No two axes have enough texts with one mode on both.")


def show_colours(found: Geometry) -> None:
    """Draw colour distance against text distance."""
    if found.colour is None:
        st.text("Fewer than four albums can be compared.")
        return
    show(colours_figure(colour_distances(), found.distances, rho=found.colour.rho, p=found.colour.p), key="geometry.colours")


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
