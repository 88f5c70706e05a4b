"""Verdicts made by hand, as `Verdict.to_dict()` gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES


@pytest.fixture
def verdict() -> Callable[..., dict[str, Any]]:
    """A function that gives a whole verdict, with some fields replaced."""

    def make(**changes: Any) -> dict[str, Any]:
        shares = dict.fromkeys(ALBUM_NAMES, 0.02) | {"Red": 0.84}
        whole: dict[str, Any] = {
            "id": "c1",
            "source": "concepts.txt",
            "text": "A ledger that was closed in 1911.",
            **{axis: dict(zip(MODES[axis], (0.8, 0.1, 0.1), strict=True)) for axis in AXIS_NAMES},
            "chromatic_confidence": 0.91,
            "album": "Red",
            "album_probability": 0.84,
            "album_probabilities": shares,
            "axes_album": "Red",
            "mode": "past_thing_known",
            "states": {axis: {"state": "dominant", "modes": [MODES[axis][0]]} for axis in AXIS_NAMES},
            "types": dict.fromkeys(TYPE_NAMES, 0.125),
            "verdict": "ACCEPT",
            "reason": "",
            "flags": [],
            "uncertainty": {"total": 0.3, "aleatoric": 0.2, "epistemic": 0.1},
            "ood_p_value": 0.5,
            "distances": dict.fromkeys(ALBUM_NAMES, 1.4142),
            "suggestions": [{"text": "raise past from 0.55 to 0.70", "axis": "temporal", "targets": {"past": 0.7}}],
            "thresholds": {"accept": 0.5, "accept_uncharted": False},
            "run_id": "run-1",
            "expected_album": None,
            "error": None,
        }
        return {**whole, **changes}

    return make
