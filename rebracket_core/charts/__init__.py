"""Pure functions from plain data to Plotly figures, and the one colour map.

Every figure has a title; its `layout.meta` holds `reading`, a sentence saying how to read it, and `alt`, what it shows.
"""

from rebracket_core.charts._album_bars import album_bars
from rebracket_core.charts._album_counts import album_counts
from rebracket_core.charts._axis_bars import axis_bars
from rebracket_core.charts._confusion import confusion
from rebracket_core.charts._curves import loss_curves, loss_of_folds, right_curves, right_so_far
from rebracket_core.charts._differences import Gap, difference_intervals
from rebracket_core.charts._distance_bars import distance_bars, effort
from rebracket_core.charts._distribution import probability_distribution
from rebracket_core.charts._intervals import Score, score_intervals
from rebracket_core.charts._overlay import loss_overlay, right_overlay
from rebracket_core.charts._reliability import ReliabilityBin, reliability, wilson
from rebracket_core.charts._search import option_importance, trial_values
from rebracket_core.charts._ternary import TernaryPoint, axis_ternary

__all__ = [
    "Gap",
    "ReliabilityBin",
    "Score",
    "TernaryPoint",
    "album_bars",
    "album_counts",
    "axis_bars",
    "axis_ternary",
    "confusion",
    "difference_intervals",
    "distance_bars",
    "effort",
    "loss_curves",
    "loss_of_folds",
    "loss_overlay",
    "option_importance",
    "probability_distribution",
    "reliability",
    "right_curves",
    "right_overlay",
    "right_so_far",
    "score_intervals",
    "trial_values",
    "wilson",
]
