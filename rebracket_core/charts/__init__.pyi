from rebracket_core.charts.annotation.agreement import (
    AgreementDot as AgreementDot,
    agreement_intervals as agreement_intervals,
    labels_by_day as labels_by_day,
)
from rebracket_core.charts.annotation.ratings import AxisRating as AxisRating, ratings_ternary as ratings_ternary
from rebracket_core.charts.colours import (
    ALBUM_COLOURS as ALBUM_COLOURS,
    GRID as GRID,
    OUTLINE as OUTLINE,
    album_colour as album_colour,
    ink_on as ink_on,
    with_alpha as with_alpha,
)
from rebracket_core.charts.map_paint import (
    RIGHT_WRONG as RIGHT_WRONG,
    MapPaint as MapPaint,
    class_paint as class_paint,
    point_map as point_map,
    scale_paint as scale_paint,
)
from rebracket_core.charts.monitoring import (
    albums_over_time as albums_over_time,
    latency_over_time as latency_over_time,
    verdicts_over_time as verdicts_over_time,
)
from rebracket_core.charts.review.album_counts import album_counts as album_counts
from rebracket_core.charts.review.confusion import (
    ConfusionTable as ConfusionTable,
    confusion_cells as confusion_cells,
    confusion_counts as confusion_counts,
)
from rebracket_core.charts.review.distribution import probability_distribution as probability_distribution
from rebracket_core.charts.review.gaps import (
    LayerPoint as LayerPoint,
    PartGap as PartGap,
    SharePair as SharePair,
    colour_pairs as colour_pairs,
    layer_curve as layer_curve,
    part_gaps as part_gaps,
    share_pairs as share_pairs,
)
from rebracket_core.charts.review.grid import Cell as Cell, Grid as Grid, cell_grid as cell_grid
from rebracket_core.charts.review.reliability import (
    BandBin as BandBin,
    CalibrationError as CalibrationError,
    ReliabilityBin as ReliabilityBin,
    reliability_band as reliability_band,
    reliability_curve as reliability_curve,
)
from rebracket_core.charts.review.risk_coverage import (
    Curve as Curve,
    Point as Point,
    risk_coverage_curve as risk_coverage_curve,
)
from rebracket_core.charts.training.curves import (
    accuracy_curves as accuracy_curves,
    accuracy_so_far as accuracy_so_far,
    loss_curves as loss_curves,
    loss_of_folds as loss_of_folds,
)
from rebracket_core.charts.training.differences import Gap as Gap, difference_intervals as difference_intervals
from rebracket_core.charts.training.finetuning import (
    finetuning_curves as finetuning_curves,
    finetunings as finetunings,
    newest_warning as newest_warning,
)
from rebracket_core.charts.training.intervals import Score as Score, score_intervals as score_intervals
from rebracket_core.charts.training.lines import Curves as Curves, Weight as Weight
from rebracket_core.charts.training.overlay import accuracy_overlay as accuracy_overlay, loss_overlay as loss_overlay
from rebracket_core.charts.training.search import option_importance as option_importance, trial_values as trial_values
from rebracket_core.charts.verdict.album_bars import album_bars as album_bars
from rebracket_core.charts.verdict.attention import attention_grid as attention_grid
from rebracket_core.charts.verdict.axis_bars import axis_bars as axis_bars
from rebracket_core.charts.verdict.distance_bars import distance_bars as distance_bars, effort as effort
from rebracket_core.charts.verdict.ternary import TernaryPoint as TernaryPoint, axis_ternary as axis_ternary
from rebracket_core.charts.verdict.transmigration import PathStep as PathStep, path_ternary as path_ternary
from rebracket_core.charts.verdict.word_shares import WordShares as WordShares, word_shares as word_shares
