"""Drift has a known answer: samples of one kind raise the alarm about as often as the level says, other kinds nearly always."""

from __future__ import annotations

import numpy as np
import pytest

from rebracket_core.errors import DataError
from rebracket_core.insight.drift import MIN_TEXTS, two_sample


def unit(rng: np.random.Generator, n: int, *, shift: float = 0.0, dim: int = 16) -> np.ndarray:
    rows = rng.normal(size=(n, dim))
    rows[:, 0] += shift
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.slow
def test_samples_of_one_kind_raise_the_alarm_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(1)
    alarms = [two_sample(unit(rng, 40), unit(rng, 30), level=0.05, permutations=199, seed=k).alarm for k in range(300)]
    assert 0.02 <= np.mean(alarms) <= 0.09  # 0.05, give or take three standard errors of 300 tests


def test_another_kind_raises_it_and_more_so_the_further_away() -> None:
    rng = np.random.default_rng(2)
    near, far = (two_sample(unit(rng, 60), unit(rng, 60, shift=shift)) for shift in (0.3, 2.0))
    assert far.alarm and far.p_value == pytest.approx(0.001) and far.mmd2 > max(near.mmd2, 0.0)


def test_the_estimate_is_the_one_of_the_paper() -> None:
    rng = np.random.default_rng(3)
    x, y = unit(rng, 21), unit(rng, 25, shift=0.5)
    both = np.concatenate([x, y])
    apart = ((both[:, None] - both[None]) ** 2).sum(-1)
    width = np.median(apart[np.triu_indices(46, 1)])

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(-((a - b) ** 2).sum() / width))

    within_x = sum(k(x[i], x[j]) for i in range(21) for j in range(21) if i != j) / (21 * 20)
    within_y = sum(k(y[i], y[j]) for i in range(25) for j in range(25) if i != j) / (25 * 24)
    between = sum(k(a, b) for a in x for b in y) / (21 * 25)
    assert two_sample(x, y).mmd2 == pytest.approx(within_x + within_y - 2 * between, abs=1e-12)


def test_the_same_seed_says_the_same_and_large_samples_are_thinned() -> None:
    rng = np.random.default_rng(4)
    x, y = unit(rng, 900), unit(rng, 25)
    first = two_sample(x, y, seed=5)
    assert first == two_sample(x, y, seed=5) and (first.n_training, first.n_incoming) == (300, 25)


def test_too_few_texts_are_not_compared() -> None:
    rng = np.random.default_rng(5)
    with pytest.raises(DataError, match="too few"):
        two_sample(unit(rng, 100), unit(rng, MIN_TEXTS - 1))
