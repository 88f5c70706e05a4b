from rebracket_core.stats.cells import (
    group_codes as group_codes,
    group_draws as group_draws,
    merged_groups as merged_groups,
    ratio_intervals as ratio_intervals,
    simultaneous_differences as simultaneous_differences,
    wilson as wilson,
)
from rebracket_core.stats.class_figures import (
    AVERAGES as AVERAGES,
    FIGURES as FIGURES,
    ClassFigures as ClassFigures,
    RankingFigures as RankingFigures,
    class_scores as class_scores,
    ranking_figures as ranking_figures,
)
from rebracket_core.stats.intervals import (
    MeanEstimate as MeanEstimate,
    calibration_error as calibration_error,
    clustered_mean as clustered_mean,
    equal_mass_bins as equal_mass_bins,
    perfect_calibration_error as perfect_calibration_error,
    reliability as reliability,
)
from rebracket_core.stats.nearest import (
    Floats as Floats,
    Ints as Ints,
    blocks as blocks,
    nearest_of as nearest_of,
    neighbours as neighbours,
    squared_distances as squared_distances,
    squared_lengths as squared_lengths,
)
from rebracket_core.stats.out_of_fold import (
    PREDICTIONS_FILE as PREDICTIONS_FILE,
    OutOfFoldPredictions as OutOfFoldPredictions,
    read_out_of_fold_predictions as read_out_of_fold_predictions,
    write_out_of_fold_predictions as write_out_of_fold_predictions,
)
from rebracket_core.stats.out_of_fold_files import take_rows as take_rows
from rebracket_core.stats.out_of_fold_rows import (
    OUT_OF_FOLD_ROWS_FILE as OUT_OF_FOLD_ROWS_FILE,
    OutOfFoldRows as OutOfFoldRows,
    common_positions as common_positions,
    read_out_of_fold_rows as read_out_of_fold_rows,
    write_out_of_fold_rows as write_out_of_fold_rows,
)
from rebracket_core.stats.paired import group_sums as group_sums, holm as holm, paired_differences as paired_differences
