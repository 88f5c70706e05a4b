"""A perfect model is not blamed, a boastful one is; a good order buys more than chance; other thresholds are the gate's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rebracket_core.insight.calibration.acceptance import own_point, point_at
from rebracket_core.insight.calibration.confidence import TopPredictions, reliability_diagram, risk_coverage, top_predictions
from rebracket_core.insight.review import Review
from rebracket_core.settings import Thresholds


def _answered(p: np.ndarray, right: np.ndarray) -> TopPredictions:
    groups = np.array([f"g{i // 2}" for i in range(len(p))])
    return TopPredictions(p=p, right=right.astype(float), groups=groups, rows=np.arange(len(p)))


def test_a_perfect_model_is_not_blamed_and_a_boastful_one_is() -> None:
    rng = np.random.default_rng(4)
    p = rng.uniform(0.3, 1.0, size=600)
    true = reliability_diagram(_answered(p, rng.random(600) < p), seed=1)
    assert true.p > 0.05 and true.error < true.perfect_high and true.perfect > 0.02
    assert np.mean([b.band_low <= b.right <= b.band_high for b in true.bins]) >= 0.8
    boast = reliability_diagram(_answered(p, rng.random(600) < p - 0.25), seed=1)
    assert boast.p < 0.01 and boast.error > boast.perfect_high


def test_a_perfect_order_reaches_the_best_area_and_a_random_one_that_of_chance() -> None:
    right = np.arange(1000) < 800
    best = risk_coverage(_answered(np.linspace(1, 0, 1000), right), seed=1)
    assert best.augrc == pytest.approx(best.augrc_best, abs=1e-9) and best.risk[-1] == pytest.approx(0.2)
    mixed = np.random.default_rng(1).permutation(right)
    chance = risk_coverage(_answered(np.linspace(1, 0, 1000), mixed), seed=1)
    assert chance.augrc == pytest.approx(chance.augrc_random, abs=0.012)
    assert chance.augrc_low is not None and chance.augrc_low < chance.augrc < (chance.augrc_high or 0)


def test_other_thresholds_are_judged_by_the_gate_itself(review: Callable[..., Review]) -> None:
    truth = np.ones(60, dtype=int)
    proba = np.full((60, 9), 0.05)
    proba[:, 1] = 0.6
    made = review(truth, proba)
    assert made.predictions is not None
    made.predictions.axis[:] = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])  # Red: past, thing, known
    assert point_at(made, Thresholds(accept=0.5), seed=1).coverage == 1.0
    assert point_at(made, Thresholds(accept=0.5), seed=1).right == 1.0
    shut = point_at(made, Thresholds(accept=0.9), seed=1)
    assert shut.coverage == 0.0 and shut.right is None and shut.rejected_right == 1.0
    assert own_point(made, seed=1).n_accepted == 0
    assert len(top_predictions(made, "album").p) == 60
