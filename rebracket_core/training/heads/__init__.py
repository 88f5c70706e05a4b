"""Heads fitted across folds, kept between attempts, calibrated on groups that they were not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.training.heads.calibration import fit_calibration
    from rebracket_core.training.heads.checkpoints import FoldCheckpoints
    from rebracket_core.training.heads.crossfit import (
        CrossFit,
        FittedHeads,
        cross_fit,
        fit_ensemble,
        fit_with,
        predict_rows,
        split,
    )

_HOMES = {
    "CrossFit": "crossfit",
    "FittedHeads": "crossfit",
    "FoldCheckpoints": "checkpoints",
    "cross_fit": "crossfit",
    "fit_calibration": "calibration",
    "fit_ensemble": "crossfit",
    "fit_with": "crossfit",
    "predict_rows": "crossfit",
    "split": "crossfit",
}
__all__ = [
    "CrossFit",
    "FittedHeads",
    "FoldCheckpoints",
    "cross_fit",
    "fit_calibration",
    "fit_ensemble",
    "fit_with",
    "predict_rows",
    "split",
]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
