"""Pure functions from plain data to Plotly figures, and the one colour map.

Every figure has a title; its `layout.meta` holds `reading`, a sentence saying how to read it, and `alt`, what it shows.
"""

from rebracket_core.charts.annotation.agreement import AgreementDot, agreement_intervals, labels_by_day
from rebracket_core.charts.annotation.ratings import AxisRating, ratings_ternary
from rebracket_core.charts.map_paint import RIGHT_WRONG, MapPaint, class_paint, point_map, scale_paint
from rebracket_core.charts.monitoring import albums_over_time, latency_over_time, verdicts_over_time
from rebracket_core.charts.review.album_counts import album_counts
from rebracket_core.charts.review.confusion import ConfusionTable, confusion_cells, confusion_counts
from rebracket_core.charts.review.distribution import probability_distribution
from rebracket_core.charts.review.gaps import LayerPoint, PartGap, SharePair, colour_pairs, layer_curve, part_gaps, share_pairs
from rebracket_core.charts.review.grid import Cell, Grid, cell_grid
from rebracket_core.charts.review.reliability import (
    BandBin,
    CalibrationError,
    ReliabilityBin,
    reliability_band,
    reliability_curve,
)
from rebracket_core.charts.review.risk_coverage import Curve, Point, risk_coverage_curve
from rebracket_core.charts.training.curves import accuracy_curves, accuracy_so_far, loss_curves, loss_of_folds
from rebracket_core.charts.training.differences import Gap, difference_intervals
from rebracket_core.charts.training.finetuning import finetuning_curves, finetunings, newest_warning
from rebracket_core.charts.training.intervals import Score, score_intervals
from rebracket_core.charts.training.lines import Curves, Weight
from rebracket_core.charts.training.overlay import accuracy_overlay, loss_overlay
from rebracket_core.charts.training.search import option_importance, trial_values
from rebracket_core.charts.verdict.album_bars import album_bars
from rebracket_core.charts.verdict.attention import attention_grid
from rebracket_core.charts.verdict.axis_bars import axis_bars
from rebracket_core.charts.verdict.distance_bars import distance_bars, effort
from rebracket_core.charts.verdict.ternary import TernaryPoint, axis_ternary
from rebracket_core.charts.verdict.transmigration import PathStep, path_ternary
from rebracket_core.charts.verdict.word_shares import WordShares, word_shares

__all__ = [
    "RIGHT_WRONG",
    "AgreementDot",
    "AxisRating",
    "BandBin",
    "CalibrationError",
    "Cell",
    "ConfusionTable",
    "Curve",
    "Curves",
    "Gap",
    "Grid",
    "LayerPoint",
    "MapPaint",
    "PartGap",
    "PathStep",
    "Point",
    "ReliabilityBin",
    "Score",
    "SharePair",
    "TernaryPoint",
    "Weight",
    "WordShares",
    "accuracy_curves",
    "accuracy_overlay",
    "accuracy_so_far",
    "agreement_intervals",
    "album_bars",
    "album_counts",
    "albums_over_time",
    "attention_grid",
    "axis_bars",
    "axis_ternary",
    "cell_grid",
    "class_paint",
    "colour_pairs",
    "confusion_cells",
    "confusion_counts",
    "difference_intervals",
    "distance_bars",
    "effort",
    "finetuning_curves",
    "finetunings",
    "labels_by_day",
    "latency_over_time",
    "layer_curve",
    "loss_curves",
    "loss_of_folds",
    "loss_overlay",
    "newest_warning",
    "option_importance",
    "part_gaps",
    "path_ternary",
    "point_map",
    "probability_distribution",
    "ratings_ternary",
    "reliability_band",
    "reliability_curve",
    "risk_coverage_curve",
    "scale_paint",
    "score_intervals",
    "share_pairs",
    "trial_values",
    "verdicts_over_time",
    "word_shares",
]
