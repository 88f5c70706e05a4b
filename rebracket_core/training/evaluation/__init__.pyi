from rebracket_core.training.evaluation.assess import evaluate_run as evaluate_run
from rebracket_core.training.evaluation.compare import (
    Comparison as Comparison,
    Difference as Difference,
    Disagreement as Disagreement,
    RunPredictions as RunPredictions,
    compare_runs as compare_runs,
    on_truth_of_second as on_truth_of_second,
)
from rebracket_core.training.evaluation.evaluate import (
    Evaluation as Evaluation,
    HeldOutRows as HeldOutRows,
    evaluate_rows as evaluate_rows,
    held_out_verdicts as held_out_verdicts,
)
