"""Evidence for albums: golden losses and divergences, the split of a Dirichlet, and that logits and scores agree."""

from __future__ import annotations

import numpy as np
import pytest

from rebracket_core.models.heads import EvidentialHead
from rebracket_core.models.heads.evidential import (
    concentration,
    evidential_loss,
    expected_entropy,
    log_concentration,
    uniform_divergence,
)
from rebracket_core.models.layout import ALBUM, N_OUTPUTS
from rebracket_core.models.scores import Calibration, entropy, scores_from_logits, softmax
from rebracket_core.models.targets import HeadTargets
from tests.support.fits import fit_config, fit_heads


@pytest.mark.parametrize(
    ("alpha", "total", "inside", "mutual"),
    [
        ((1, 1, 1), 1.098612, 0.833333, 0.265279),
        ((10, 1, 1), 0.566086, 0.495737, 0.070349),
        ((2, 3, 5), 1.029653, 0.937302, 0.092351),
        ((100, 1, 1), 0.110100, 0.101810, 0.008290),
    ],
)
def test_a_dirichlet_is_split_as_it_should_be(alpha: tuple[int, ...], total: float, inside: float, mutual: float) -> None:
    a = np.array([alpha], dtype=float)
    mean = a / a.sum()
    assert entropy(mean)[0] == pytest.approx(total, abs=1e-5)
    assert expected_entropy(mean, a.sum(axis=1))[0] == pytest.approx(inside, abs=1e-5)
    assert entropy(mean)[0] - expected_entropy(mean, a.sum(axis=1))[0] == pytest.approx(mutual, abs=1e-5)


def test_the_expected_entropy_is_that_of_drawn_distributions() -> None:
    drawn = np.random.default_rng(0).dirichlet([2.0, 3.0, 5.0], size=200_000)
    told = expected_entropy(np.array([[0.2, 0.3, 0.5]]), np.array([10.0]))[0]
    assert entropy(drawn).mean() == pytest.approx(told, abs=1e-3)


def test_the_divergence_from_no_evidence_is_golden() -> None:
    import torch

    alpha = torch.tensor([[1.0, 1, 1], [2, 3, 5], [1, 3, 5]])
    assert uniform_divergence(alpha).tolist() == pytest.approx([0.0, 0.768035, 1.066445], abs=1e-5)


@pytest.mark.parametrize(
    ("alpha", "penalty", "loss"), [((10, 1, 1), 0.1, 0.190909), ((2, 3, 5), 0.0, 1.828968), ((2, 3, 5), 0.1, 1.935613)]
)
def test_the_loss_is_golden(alpha: tuple[int, ...], penalty: float, loss: float) -> None:
    import torch

    target = torch.tensor([1.0, 0.0, 0.0])
    assert evidential_loss(torch.tensor(alpha, dtype=torch.float32), target, penalty=penalty).item() == pytest.approx(
        loss, abs=1e-5
    )


def test_the_albums_logits_carry_mean_and_evidence() -> None:
    import torch

    raw = np.random.default_rng(1).normal(scale=4.0, size=(6, 9)).astype(np.float32)
    alpha = concentration(torch.from_numpy(raw)).numpy()
    z = log_concentration(raw)
    assert np.allclose(np.exp(z), alpha, rtol=1e-5)
    assert np.allclose(softmax(z), alpha / alpha.sum(axis=1, keepdims=True), atol=1e-6)
    weight = np.zeros((1, 9, N_OUTPUTS), dtype=np.float32)
    weight[0, :, ALBUM] = np.eye(9)
    heads = EvidentialHead(weight=weight, bias=np.zeros((1, N_OUTPUTS), dtype=np.float32))
    assert np.allclose(heads.logits(raw)[:, 0, ALBUM], z, atol=1e-5)


def test_the_scores_split_evidence_and_add_the_members_disagreement() -> None:
    logits = np.zeros((2, 2, N_OUTPUTS))
    alpha = np.ones((2, 2, 9))
    alpha[0, :, 0] = 10.0  # both members agree
    alpha[1, 0, 0] = alpha[1, 1, 1] = 10.0  # they do not
    logits[..., ALBUM] = np.log(alpha)
    told = EvidentialHead.scores(logits, calibration=Calibration()).uncertainty * np.log(9)
    mean = alpha[0, :1] / alpha[0, :1].sum()
    inside = expected_entropy(mean, np.array([18.0]))[0]
    assert told[0] == pytest.approx([entropy(mean)[0], inside, entropy(mean)[0] - inside], abs=1e-9)
    assert told[1, 1] == pytest.approx(inside, abs=1e-9) and told[1, 2] > told[0, 2]
    plain = scores_from_logits(logits, calibration=Calibration()).uncertainty * np.log(9)
    assert plain[0, 2] == pytest.approx(0.0, abs=1e-9)  # an ensemble sees no doubt where its members agree


def test_evidence_grows_where_there_are_texts_and_not_far_from_them() -> None:
    """A rule that can be learnt is learnt, and answers rest on more evidence than a text of zeros does."""
    rng = np.random.default_rng(2)
    x = (2.0 * rng.normal(size=(400, 9))).astype(np.float32)
    album = x.argmax(axis=1)
    ones, none = np.ones(400), np.zeros(400)
    y = HeadTargets(np.full((400, 3, 3), 1 / 3), np.zeros((400, 3)), none, none, album, np.zeros((400, 8)), none, ones)
    weights = np.ones((2, 400), dtype=np.float32)
    weights[0, :80] = weights[1, 80:160] = 0
    heads = fit_heads(x, y, member_weights=weights, config=fit_config(inverse_l2=100.0, head="evidential"))
    z = heads.logits(x)[..., ALBUM]
    assert (z.mean(axis=1).argmax(axis=1) == album).mean() > 0.85
    evidence = np.exp(z).sum(axis=-1).mean(axis=1)
    nothing = np.exp(heads.logits(np.zeros((1, 9), dtype=np.float32))[..., ALBUM]).sum(axis=-1).mean()
    assert np.median(evidence) > 1.5 * nothing
