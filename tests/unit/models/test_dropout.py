"""MC dropout: the thinned heads are the trained ones with features left out, the same for every text and every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rebracket_core.models.layout import ALBUM
from rebracket_core.models.scores import Calibration, entropy, scores_from_logits
from rebracket_core.models.targets import HeadTargets
from tests.support.fits import fit_config, fit_heads

OPTIONS = fit_config(inverse_l2=100.0, head="mc_dropout", dropout=0.25, mc_samples=12)


def _learnable(n: int = 300) -> tuple[np.ndarray, HeadTargets, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 18)).astype(np.float32)
    album = x[:, :9].argmax(axis=1)
    ones, none = np.ones(n), np.zeros(n)
    y = HeadTargets(np.full((n, 3, 3), 1 / 3), np.zeros((n, 3)), none, none, album, np.zeros((n, 8)), none, ones)
    weights = np.ones((2, n), dtype=np.float32)
    weights[0, :60] = weights[1, 60:120] = 0
    return x, y, weights


@pytest.mark.slow
def test_the_same_seed_gives_the_same_thinned_heads() -> None:
    x, y, weights = _learnable()
    quick = fit_config(head="mc_dropout", dropout=0.25, mc_samples=5, max_steps=3)
    first, again = (fit_heads(x, y, member_weights=weights, config=quick) for _ in range(2))
    assert first.weight.shape == (5, 18, 27)
    assert np.array_equal(first.weight, again.weight) and np.array_equal(first.bias, again.bias)
    other = fit_heads(x, y, member_weights=weights, config=replace(quick, seed=1))
    assert not np.array_equal(first.weight, other.weight)


def test_each_pass_is_a_member_with_the_share_of_features_left_out() -> None:
    x, y, weights = _learnable()
    config = fit_config(head="mc_dropout", dropout=0.25, mc_samples=40, max_steps=6)
    heads = fit_heads(x, y, member_weights=weights, config=config)
    gone = (heads.weight == 0).all(axis=2)
    assert 0.15 < gone.mean() < 0.35
    both = ~gone[0] & ~gone[2]  # passes 0 and 2 are the same member
    assert np.array_equal(heads.weight[0][both], heads.weight[2][both])
    assert not np.array_equal(heads.weight[0][~gone[0] & ~gone[1]], heads.weight[1][~gone[0] & ~gone[1]])


def test_it_learns_and_its_uncertainty_is_the_disagreement_of_the_passes() -> None:
    x, y, weights = _learnable()
    heads = fit_heads(x, y, member_weights=weights, config=OPTIONS)
    logits = heads.logits(x)
    told = scores_from_logits(logits, calibration=Calibration())
    assert (told.album.argmax(axis=1) == y.album_idx).mean() > 0.8
    each = np.exp(logits[..., ALBUM].astype(float))
    each /= each.sum(axis=-1, keepdims=True)
    mutual = (entropy(each.mean(axis=1)) - entropy(each).mean(axis=1)) / np.log(9)
    assert np.allclose(told.uncertainty[:, 2], mutual, atol=1e-9) and mutual.min() > 0


def test_an_answer_does_not_depend_on_the_texts_beside_it() -> None:
    x, y, weights = _learnable()
    config = fit_config(head="mc_dropout", dropout=0.25, mc_samples=5, max_steps=3)
    heads = fit_heads(x, y, member_weights=weights, config=config)
    assert np.allclose(heads.logits(x)[7], heads.logits(x[7:8])[0], atol=1e-5)
