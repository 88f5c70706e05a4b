"""Encoders that learn along with their heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.training.finetuning.encoder_tuner import EncoderTuner
    from rebracket_core.training.finetuning.loop import run_tuning

_HOMES = {"EncoderTuner": "encoder_tuner", "run_tuning": "loop"}
__all__ = ["EncoderTuner", "run_tuning"]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
