"""Pure functions from plain data to Plotly figures, and the one colour map.

Every figure has a title; its `layout.meta` holds `reading`, a sentence saying how to read it, and `alt`, what it shows.
"""

from rebracket_core.charts._album_bars import album_bars
from rebracket_core.charts._album_counts import album_counts
from rebracket_core.charts._axis_bars import axis_bars
from rebracket_core.charts._confusion import confusion
from rebracket_core.charts._distance_bars import distance_bars, effort
from rebracket_core.charts._distribution import probability_distribution
from rebracket_core.charts._intervals import Score, score_intervals
from rebracket_core.charts._reliability import ReliabilityBin, reliability, wilson
from rebracket_core.charts._ternary import TernaryPoint, axis_ternary

__all__ = [
    "ReliabilityBin",
    "Score",
    "TernaryPoint",
    "album_bars",
    "album_counts",
    "axis_bars",
    "axis_ternary",
    "confusion",
    "distance_bars",
    "effort",
    "probability_distribution",
    "reliability",
    "score_intervals",
    "wilson",
]
