from rebracket_core.insight.geometry.album_path import Shape as Shape, Trajectory as Trajectory, trajectory as trajectory
from rebracket_core.insight.geometry.angles import (
    SAME as SAME,
    AxisAngles as AxisAngles,
    AxisPair as AxisPair,
    axis_angles as axis_angles,
)
from rebracket_core.insight.geometry.centroids import (
    Distances as Distances,
    centroid_distances as centroid_distances,
    make_units as make_units,
)
from rebracket_core.insight.geometry.colour_space import colour_distances as colour_distances, mantel as mantel
from rebracket_core.insight.geometry.entities import Geometry as Geometry
from rebracket_core.insight.geometry.layers import Layers as Layers, probe_layers as probe_layers
