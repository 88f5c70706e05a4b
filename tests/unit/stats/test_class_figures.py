"""Figures of classes against scikit-learn and the golden numbers, and intervals that know songs."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

from rebracket_core.stats import class_scores, ranking_figures


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = rng.random((60, 8)) < 0.3, rng.random((60, 8)) < 0.4
    truth[:, 6] = False
    found = class_scores(truth, predicted, rng.integers(0, 9, 60), seed=1)
    present = truth.any(axis=0)
    wanted = precision_recall_fscore_support(truth, predicted, average=None, zero_division=0)
    assert found.per_class.value[present] == pytest.approx(np.array(wanted[:3]).T[present])
    assert np.isnan(found.per_class.value[6]).all()
    for row, average in zip(found.averages.value, ("macro", "micro", "weighted"), strict=True):
        columns = np.flatnonzero(present) if average != "micro" else np.arange(8)
        sklearn = precision_recall_fscore_support(truth[:, columns], predicted[:, columns], average=average, zero_division=0)
        assert row == pytest.approx(sklearn[:3])
    assert (found.averages.low <= found.averages.value).all() and (found.averages.value <= found.averages.high).all()


def test_golden_classes() -> None:
    """8 spatial, 1 temporal, 2 causal, 3 perceptual: macro over the classes present, absent ones left out."""
    labels = np.array([0] * 8 + [1] + [2] * 2 + [3] * 3)
    wrong = labels.copy()
    wrong[8], wrong[9] = 0, 0
    one_hot = np.eye(8, dtype=bool)
    perfect = class_scores(one_hot[labels], one_hot[labels], np.arange(14), seed=0)
    assert perfect.averages.value[0, 2] == 1.0 and perfect.present.sum() == 4
    found = class_scores(one_hot[labels], one_hot[wrong], np.arange(14), seed=0)
    assert found.per_class.value[:4, 2] == pytest.approx([0.8889, 0.0, 0.6667, 1.0], abs=1e-4)
    assert found.averages.value[:, 2] == pytest.approx([0.6389, 12 / 14, 0.8175], abs=1e-4)


@pytest.mark.parametrize("ties", [False, True])
def test_rankings_are_those_of_scikit_learn(ties: bool) -> None:
    rng = np.random.default_rng(5)
    truth, p = rng.random(80) < 0.3, rng.random(80)
    p = np.round(p, 1) if ties else p
    found = ranking_figures(truth, p, np.arange(80) // 4, seed=2, replicates=200)
    assert found.value == pytest.approx([roc_auc_score(truth, p), average_precision_score(truth, p)])
    assert (found.low < found.value).all() and (found.value < found.high).all()


def test_a_ranking_without_both_answers_has_no_figure() -> None:
    assert np.isnan(ranking_figures(np.ones(4, bool), np.arange(4.0), np.arange(4), seed=0).value).all()


def test_one_song_has_no_interval_and_few_songs_a_wide_one() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((40, 8)) < 0.5
    predicted = truth ^ (rng.random((40, 8)) < 0.2)
    alone = class_scores(truth, predicted, np.zeros(40), seed=0)
    assert np.isnan(alone.averages.low).all() and np.isfinite(alone.averages.value).all()
    few, many = (class_scores(truth, predicted, np.arange(40) // k, seed=0).averages for k in (20, 1))
    assert np.isfinite(few.low).all() and np.isfinite(many.low).all()


def test_differences_are_paired_on_the_same_draws() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random((90, 8)) < 0.4
    good, groups = truth ^ (rng.random((90, 8)) < 0.1), np.arange(90) // 3
    one, same, bad = (class_scores(truth, x, groups, seed=4) for x in (good, good, rng.random((90, 8)) < 0.4))
    assert np.abs(one.difference(same).high).max() == 0.0
    assert (one.difference(bad).low[:, 2] > 0).all()
