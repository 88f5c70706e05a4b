"""Types of a text: one distribution under every calibration where there is one, thresholds where there may be several."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rebracket_core.models.heads.linear import log_odds
from rebracket_core.models.layout import N_OUTPUTS, TYPES
from rebracket_core.models.scores import Calibration, any_type_log_odds, scores_from_logits, softmax


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    temperature=st.floats(0.05, 20.0),
    members=st.integers(1, 5),
    spread=st.sampled_from([0.01, 1.0, 30.0]),
)
def test_types_of_which_there_is_one_sum_to_one_at_every_temperature(
    seed: int, temperature: float, members: int, spread: float
) -> None:
    z = np.random.default_rng(seed).normal(size=(6, members, N_OUTPUTS)).astype(np.float32) * spread
    as_given = z.copy()
    as_given[..., TYPES] = log_odds(z[..., TYPES])
    found = scores_from_logits(as_given, calibration=Calibration(type_temperature=temperature, exclusive_types=True))
    assert np.abs(found.types.sum(axis=1) - 1.0).max() < 1e-9
    if spread < 30:
        wanted = softmax(z[..., TYPES].astype(float) / temperature).mean(axis=1)
        assert np.abs(found.types - wanted).max() < 1e-4
    assert (found.predicted_types.sum(axis=1) == 1).all() and (found.any_type == 1).all()


def test_several_types_are_those_that_reach_their_thresholds() -> None:
    z = np.zeros((1, 1, N_OUTPUTS), np.float32)
    z[..., TYPES] = np.log([0.2 / 0.8, 0.6 / 0.4, 0.4 / 0.6, *[0.01 / 0.99] * 5])
    chosen = Calibration(type_thresholds=(0.15, 0.7, *[0.5] * 6))
    assert scores_from_logits(z, calibration=chosen).predicted_types[0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert scores_from_logits(z, calibration=Calibration(likeliest_type=True)).predicted_types[0].tolist()[:3] == [0, 1, 0]


def test_any_type_is_the_noisy_or_moved_by_slope_and_shift() -> None:
    types = np.array([[0.2, 0.6, 0.4, 0.01, 0.01, 0.01, 0.01, 0.01]])
    p = 1.0 - np.prod(1.0 - types)
    assert any_type_log_odds(types)[0] == pytest.approx(np.log(p / (1.0 - p)))
    z = np.zeros((1, 1, N_OUTPUTS))
    z[..., TYPES] = np.log(types / (1.0 - types))
    assert scores_from_logits(z, calibration=Calibration()).any_type[0] == pytest.approx(p)
    moved = scores_from_logits(z, calibration=Calibration(any_type_slope=0.5, any_type_shift=-1.0)).any_type[0]
    assert moved == pytest.approx(1.0 / (1.0 + np.exp(1.0 - 0.5 * np.log(p / (1.0 - p)))))
