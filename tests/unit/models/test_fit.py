"""Heads: golden losses, one pass equals one by one, exact rotation, the same seed the same numbers."""

import subprocess
import sys

import numpy as np
import pytest

from rebracket_core.models.heads.problem import row_space
from rebracket_core.models.layout import ALBUM, AXIS, CONFIDENCE, N_OUTPUTS
from rebracket_core.models.losses.tasks import member_losses
from rebracket_core.models.scores import softmax
from rebracket_core.models.targets import HeadTargets
from tests.support.fits import fit_config, fit_heads


def _targets(n: int, seed: int = 0) -> HeadTargets:
    rng = np.random.default_rng(seed)
    album = rng.integers(-1, 9, n)
    return HeadTargets(
        axis=rng.dirichlet(np.ones(3), size=(n, 3)),
        axis_mask=np.ones((n, 3)),
        confidence=(album > 0).astype(float),
        confidence_mask=np.ones(n),
        album_idx=album,
        types=(rng.random((n, 8)) < 0.3).astype(float),
        types_mask=np.ones(n),
        weight=np.ones(n),
    )


def test_losses_are_golden() -> None:
    import torch

    smoothed = np.array([[[0.933333, 0.033333, 0.033333]] * 3])
    y = {
        "axis": torch.tensor(smoothed, dtype=torch.float32),
        "axis_mask": torch.ones(1, 3),
        "confidence": torch.ones(1),
        "confidence_mask": torch.ones(1),
        "types": torch.zeros(1, 8),
        "types_mask": torch.zeros(1),
        "album": torch.tensor([-1]),
    }
    flat = torch.zeros(1, 1, N_OUTPUTS)
    only = fit_config(axis_weight=1.0, confidence_weight=0.0, album_weight=0.0, types_weight=0.0)
    assert member_losses(flat, y, torch.ones(1, 1), tasks=only.tasks).item() == pytest.approx(3 * 0.807472, abs=1e-4)
    both = fit_config(axis_weight=0.8, confidence_weight=0.5, album_weight=0.0, types_weight=0.0)
    assert member_losses(flat, y, torch.ones(1, 1), tasks=both.tasks).item() == pytest.approx(
        0.8 * 3 * 0.807472 + 0.5 * 0.693147, abs=1e-4
    )


def test_sample_weights_do_not_broadcast() -> None:
    """Two rows, the second of weight 0: the loss is the first row's alone (.119772), not a mean over n x n."""
    import torch

    onehot = torch.tensor([[[1.0, 0, 0]] * 3] * 2)
    y = {
        "axis": onehot,
        "axis_mask": torch.tensor([[1.0, 0, 0]] * 2),
        "confidence": torch.ones(2),
        "confidence_mask": torch.zeros(2),
        "types": torch.zeros(2, 8),
        "types_mask": torch.zeros(2),
        "album": torch.tensor([-1, -1]),
    }
    z = torch.zeros(2, 1, N_OUTPUTS)
    z[0, 0, 0] = 2.0
    only = fit_config(confidence_weight=0.0, album_weight=0.0, types_weight=0.0)
    # log-softmax of [2, 0, 0] gives .239543 for its first class; half of it is what a mean over both rows would give
    assert member_losses(z, y, torch.tensor([[1.0, 0.0]]), tasks=only.tasks).item() == pytest.approx(0.239543, abs=1e-5)
    assert member_losses(z, y, torch.tensor([[1.0, 1.0]]), tasks=only.tasks).item() == pytest.approx(0.669078, abs=1e-5)


@pytest.mark.slow
def test_one_pass_is_as_good_as_one_by_one() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(120, 20)).astype(np.float32)
    y = _targets(120)
    weights = rng.integers(1, 4, size=(3, 120)).astype(np.float32)  # no row left out: every member runs to its minimum
    options = fit_config(inverse_l2=1.0, max_steps=200, patience_steps=40)
    together = fit_heads(x, y, member_weights=weights, config=options)
    for m in range(3):
        alone = fit_heads(x, y, member_weights=weights[m : m + 1], config=options)
        gap = np.abs(softmax(together.logits(x)[:, m, ALBUM]) - softmax(alone.logits(x)[:, 0, ALBUM]))
        assert gap.max() < 0.02


def test_rotation_loses_nothing() -> None:
    x = np.random.default_rng(2).normal(size=(30, 200)).astype(np.float32)
    rotated, back = row_space(x)
    assert back is not None and rotated.shape[1] <= 30
    assert np.abs(x @ back - rotated).max() < 1e-3
    assert np.abs(rotated @ rotated.T - x @ x.T).max() < 1e-2


def test_the_same_seed_gives_the_same_numbers() -> None:
    x = np.random.default_rng(4).normal(size=(60, 12)).astype(np.float32)
    y = _targets(60, seed=5)
    w = np.ones((2, 60), dtype=np.float32)
    w[0, :12] = 0
    w[1, 12:24] = 0
    a = fit_heads(x, y, member_weights=w, config=fit_config())
    b = fit_heads(x, y, member_weights=w, config=fit_config())
    assert np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias)


def test_a_learnable_rule_is_learnt() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(400, 9)).astype(np.float32)
    y = _targets(400)
    album = x.argmax(axis=1)
    y = HeadTargets(y.axis, y.axis_mask, y.confidence, y.confidence_mask, album, y.types, y.types_mask, y.weight)
    weights = np.ones((1, 400), dtype=np.float32)
    weights[0, :80] = 0
    logits = fit_heads(x, y, member_weights=weights, config=fit_config(inverse_l2=100.0)).logits(x[:80])
    assert (logits[..., ALBUM].mean(1).argmax(1) == album[:80]).mean() > 0.85
    assert logits[..., AXIS].shape[-1] == 9 and CONFIDENCE == 9


@pytest.mark.alone
@pytest.mark.slow
def test_a_fit_does_not_wait_for_the_compiler_of_torch() -> None:
    """Its import takes nearly as long as torch's own, and a training of heads takes a second."""
    code = """
import sys
import numpy as np
from rebracket_core.models.targets import HeadTargets
from tests.support.fits import fit_config, fit_heads
ones, n = np.ones, 12
y = HeadTargets(ones((n, 3, 3)) / 3, ones((n, 3)), ones(n), ones(n), np.arange(n) % 9, ones((n, 8)), ones(n), ones(n))
x = np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
fit_heads(x, y, member_weights=ones((1, n), np.float32), config=fit_config(max_steps=2))
print("torch._dynamo" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
