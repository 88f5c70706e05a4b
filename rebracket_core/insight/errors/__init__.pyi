from rebracket_core.insight.errors.confusion_matrix import (
    Cells as Cells,
    Question as Question,
    cell_differences as cell_differences,
    confused_pairs as confused_pairs,
    confusion as confusion,
)
from rebracket_core.insight.errors.joint import Failure as Failure, joint_failures as joint_failures, type_rows as type_rows
from rebracket_core.insight.errors.ranking import (
    Disagreement as Disagreement,
    DisagreementSource as DisagreementSource,
    ErrorCluster as ErrorCluster,
    LabelErrorCandidate as LabelErrorCandidate,
    Misclassification as Misclassification,
    cluster_misclassifications as cluster_misclassifications,
    disagreements as disagreements,
    has_human_distributions as has_human_distributions,
    label_error_candidates as label_error_candidates,
    misclassifications as misclassifications,
)
from rebracket_core.insight.errors.re_annotation import Side as Side, side_of as side_of
from rebracket_core.insight.errors.slices import (
    TWIN_COSINE as TWIN_COSINE,
    SliceReport as SliceReport,
    find_slices as find_slices,
    properties_of as properties_of,
    twin_cosines as twin_cosines,
)
from rebracket_core.insight.errors.split_comparison import SplitComparison as SplitComparison, compare_splits as compare_splits
