"""Vectors → scores: heads, losses, calibrated scores, conformal sets, the artefact on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.models.artefact import Artefact, load_artefact, save_artefact
    from rebracket_core.models.config import FitConfig, HeadsConfig, TasksConfig
    from rebracket_core.models.conformal import ConformalSets
    from rebracket_core.models.scores import Calibration, Scores, scores_from_logits
    from rebracket_core.models.targets import HeadTargets

_HOMES = {
    "ConformalSets": "conformal",
    "Artefact": "artefact",
    "Calibration": "scores",
    "FitConfig": "config",
    "HeadTargets": "targets",
    "HeadsConfig": "config",
    "Scores": "scores",
    "TasksConfig": "config",
    "load_artefact": "artefact",
    "save_artefact": "artefact",
    "scores_from_logits": "scores",
}
__all__ = [
    "Artefact",
    "Calibration",
    "ConformalSets",
    "FitConfig",
    "HeadTargets",
    "HeadsConfig",
    "Scores",
    "TasksConfig",
    "load_artefact",
    "save_artefact",
    "scores_from_logits",
]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
