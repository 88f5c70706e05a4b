"""A review made by hand: answers with a known share right, in groups of three texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rebracket_core.insight.review import Review
from rebracket_core.stats.out_of_fold import OutOfFoldPredictions


def make_review(truth: np.ndarray, proba: np.ndarray, **changes: Any) -> Review:
    n = len(truth)
    rng = np.random.default_rng(0)
    axis = rng.dirichlet(np.ones(3), size=(n, 3))
    ids = tuple(f"r{i}" for i in range(n))
    words = {name: ("x",) * n for name in ("origin", "agent", "title", "types_from")}
    answers = OutOfFoldPredictions(
        row_id=ids,
        **words,
        axis=axis,
        confidence=np.full(n, 0.8),
        types=np.zeros((n, 8)),
        uncertainty=np.zeros((n, 3)),
        ood_p=np.full(n, 0.5),
        accept=np.full(n, 0.5),
        fold=np.arange(n) % 5,
        axis_target=np.eye(3)[np.arange(n) % 3][:, None].repeat(3, axis=1),
        axis_kind=np.full((n, 3), "single"),
        types_truth=np.zeros((n, 8)),
        types_labelled=np.zeros(n, dtype=bool),
        predicted_types=np.zeros((n, 8)),
        any_type=np.zeros(n),
        any_truth=np.zeros(n),
        any_labelled=np.zeros(n, dtype=bool),
    )
    told: dict[str, Any] = {
        "run_id": "run",
        "dataset": "d",
        "leaked": False,
        "row_id": ids,
        "group_id": tuple(f"g{i // 3}" for i in range(n)),
        "text": tuple(f"text number {i}" for i in range(n)),
        "album_truth": truth,
        "album_top": proba.argmax(axis=1),
        "album_proba": proba,
        "axis_truth": np.repeat((np.arange(n) % 3)[:, None], 3, axis=1),
        "axis_top": axis.argmax(axis=2),
        "verdict": ("REJECT",) * n,
        "accepted": np.zeros(n, dtype=bool),
        "predictions": answers,
    }
    return Review(**{**told, **changes})


@pytest.fixture
def review() -> Callable[..., Review]:
    """A function that makes a review of true albums (n,) and probabilities (n, 9), with some fields replaced."""
    return make_review
