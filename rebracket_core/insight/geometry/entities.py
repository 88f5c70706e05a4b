"""The geometry of a data set's labels, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebracket_core.insight.geometry.album_path import Trajectory
    from rebracket_core.insight.geometry.angles import AxisAngles
    from rebracket_core.insight.geometry.centroids import Distances
    from rebracket_core.insight.geometry.colour_space import Mantel


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the labels of a data set lie in an encoder's space; no run has a part in it.

    `n` different texts of `n_groups` songs or threads. `colour` is None where fewer than four albums can be compared.
    """

    dataset: str
    encoder_id: str
    n: int
    n_groups: int
    distances: Distances
    path: Trajectory
    angles: AxisAngles
    colour: Mantel | None
