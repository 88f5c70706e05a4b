"""How labelled texts lie in an encoder's space; no prediction has a part in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebracket_core.insight.geometry import SAME, Shape, colour_distances
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.reports import review_figures as figures
from rebracket_core.reports.sections.base import REVIEW_SECTIONS, Need, Note, ReviewContext, ReviewSection, Table, geometry_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rebracket_core.insight.geometry import AxisPair, Trajectory


_MEANING = {
    Shape.LINE: "The albums lie on a line as far as can be measured: straighter than a half circle through as many points.",
    Shape.BENT: "The albums lie on a bent path, not on a line.",
    Shape.WALK: "The albums lie on no line: from one album to the next the way turns sharply, or back.",
    Shape.NOISE: "There is no path: the steps between albums are no longer than those between albums dealt at random.",
    Shape.OPEN: "Whether the albums lie on a line is open: too few texts for so small steps.",
}


class _OfGeometry(ReviewSection):
    """A section of the geometry page: it reads a measured geometry and nothing else."""

    page = "geometry"
    needs = (Need.GEOMETRY,)


@REVIEW_SECTIONS.register
class AlbumDistances(_OfGeometry):
    """How far the centres of albums lie apart."""

    name = "distances"
    label = "How far albums lie apart"
    help = "In the space of the encoder. No run has a part in this: it describes where the labelled texts lie."

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note]:
        """Make the grid of distances and say how many texts it rests on."""
        found = geometry_of(context)
        return [
            Note(f"{found.n:,} different texts of {found.n_groups:,} {context.unit}."),
            figures.distances_figure(found.distances, unit=context.unit),
        ]


@REVIEW_SECTIONS.register
class AlbumPath(_OfGeometry):
    """Whether the albums in their order lie on a line."""

    name = "path"
    label = "Do the albums lie on a line?"
    help = "The steps from one album to the next in the table's order, and how sharply the way turns."

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note | Table]:
        """Make the shape of the path, its figures and its steps."""
        path = geometry_of(context).path
        return [
            Note(_MEANING[path.shape]),
            Note(path_sentence(path)),
            Table(_steps(path), alt="Steps between neighbouring albums and their turns"),
        ]


def path_sentence(path: Trajectory) -> str:
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


def _steps(path: Trajectory) -> list[dict[str, object]]:
    names = [ALBUM_NAMES[k] for k in path.labels]
    turns = [float(turn) for turn in path.cosines]
    return [
        {
            "from": names[k],
            "to": names[k + 1],
            "squared length": round(length, 3),
            "cosine with the next step": round(turns[k], 2) if k < len(turns) and turns[k] == turns[k] else None,
        }
        for k, length in enumerate(path.lengths.tolist())
    ]


@REVIEW_SECTIONS.register
class AxisDirections(_OfGeometry):
    """Whether two axes are one and the same direction."""

    name = "angles"
    label = "Are the axes different directions?"
    help = "Where two axes point the same way, labels like these cannot teach a model to tell them apart."

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note | Table]:
        """Make a sentence for each pair of axes and the grid of cosines."""
        angles = geometry_of(context).angles
        if not angles.pairs:
            return [Note("No two axes have enough texts with one mode on both.")]
        return [*(Note(_pair_sentence(pair)) for pair in angles.pairs), figures.angles_figure(angles)]


def _pair_sentence(pair: AxisPair) -> str:
    match = ", ".join(f"{a} with {b}" for a, b in pair.match)
    apart = "two directions" if pair.high < SAME else "neither shown to be one nor to be two"
    same = (
        " Every text has the same two labels together, so no model can learn these axes apart from such labels."
        if pair.labels_agree == 1.0
        else ""
    )
    return (
        f"{pair.first.capitalize()} and {pair.second}: {'one direction' if pair.one_direction else apart}. Cosine "
        f"{pair.cosine:+.2f} ({pair.low:+.2f} to {pair.high:+.2f}), p {pair.p:.3f}; {match}; the labels go together in "
        f"{pair.labels_agree:.0%} of {pair.n:,} texts.{same}"
    )


@REVIEW_SECTIONS.register
class ColourDistances(_OfGeometry):
    """Distances of the albums' colours against those of their texts."""

    name = "colours"
    label = "Colours and texts"
    help = "Whether albums whose colours look alike also have texts that lie together."

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note]:
        """Make the figure, a dot a pair of albums."""
        found = geometry_of(context)
        if found.colour is None:
            return [Note("Fewer than four albums can be compared.")]
        return [figures.colours_figure(colour_distances(), found.distances, rho=found.colour.rho, p=found.colour.p)]
