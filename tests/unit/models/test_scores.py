"""Logits become distributions that sum to 1, and the affinity is the product that the domain names."""

import numpy as np
import pytest

from rebracket_core.models.layout import ALBUM, N_OUTPUTS
from rebracket_core.models.scores import Calibration, axis_affinity, entropy, scores_from_logits, softmax
from rebracket_core.rainbow import ALBUM_NAMES


def _logits(n: int = 7, members: int = 5) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(n, members, N_OUTPUTS)).astype(np.float32)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_scores_are_distributions(power: float) -> None:
    s = scores_from_logits(_logits(), calibration=Calibration(affinity_power=power, axis_blend=(0.3, 0.0, 1.0)))
    assert np.allclose(s.axis.sum(-1), 1) and np.allclose(s.axis_heads.sum(-1), 1) and np.allclose(s.album.sum(-1), 1)
    assert ((s.uncertainty >= 0) & (s.uncertainty <= 1)).all()
    assert np.allclose(s.uncertainty[:, 0], s.uncertainty[:, 1] + s.uncertainty[:, 2])


def test_softmax_at_temperatures_is_golden() -> None:
    z = np.array([2.0, 1.0, 0.1])
    assert softmax(z) == pytest.approx([0.6590, 0.2424, 0.0986], abs=1e-4)
    assert softmax(z / 2) == pytest.approx([0.5017, 0.3043, 0.1940], abs=1e-4)
    assert softmax(z / 0.5) == pytest.approx([0.8638, 0.1169, 0.0193], abs=1e-4)


def test_ensemble_entropies_are_golden() -> None:
    members = np.array([[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.5, 0.4, 0.1]])
    assert entropy(members.mean(0)) == pytest.approx(0.897946, abs=1e-5)
    assert entropy(members).mean() == pytest.approx(0.881038, abs=1e-5)


def test_affinity_of_a_single_mode_album_is_the_product() -> None:
    axis = np.array([[[0.87, 0.12, 0.01], [0.92, 0.05, 0.03], [0.78, 0.15, 0.07]]])
    affinity = axis_affinity(axis)[0]
    assert affinity[ALBUM_NAMES.index("Orange")] == pytest.approx(0.87 * 0.92 * 0.78)
    assert affinity[ALBUM_NAMES.index("Red")] == pytest.approx(0.87 * 0.92 * 0.07)


def test_members_that_agree_leave_no_epistemic_share() -> None:
    z = np.repeat(_logits(4, 1), 5, axis=1)
    s = scores_from_logits(z, calibration=Calibration())
    assert np.allclose(s.uncertainty[:, 2], 0, atol=1e-9)
    z[:, 0, ALBUM] += np.array([5.0, 0, 0, 0, 0, 0, 0, 0, 0])
    assert (scores_from_logits(z, calibration=Calibration()).uncertainty[:, 2] > 0.01).all()
