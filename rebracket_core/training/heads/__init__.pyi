from rebracket_core.training.heads.calibration import (
    album_log_loss as album_log_loss,
    cross_calibrate as cross_calibrate,
    fit_calibration as fit_calibration,
)
from rebracket_core.training.heads.checkpoints import FoldCheckpoints as FoldCheckpoints
from rebracket_core.training.heads.crossfit import (
    CrossFit as CrossFit,
    FittedHeads as FittedHeads,
    cross_fit as cross_fit,
    fit_ensemble as fit_ensemble,
    fit_with as fit_with,
    predict_rows as predict_rows,
    split as split,
)
