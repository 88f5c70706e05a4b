"""Heads with hidden layers: they learn what linear ones cannot, and every option of their steps acts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rebracket_core.errors import ConfigError
from rebracket_core.models import HeadTargets
from rebracket_core.models.heads import HiddenHead
from rebracket_core.models.layout import ALBUM, AXIS
from rebracket_core.training import TrainingConfig
from tests.support.fits import fit_config, fit_heads

N = 160


def _crossed() -> tuple[np.ndarray, HeadTargets]:
    """Rows whose album is whether two features have one sign: no sum of features tells it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 6)).astype(np.float32)
    album = (x[:, 0] * x[:, 1] > 0).astype(int)
    axis = np.eye(3)[np.stack([album, album + 1, rng.integers(0, 3, N)], axis=1)] * 0.9 + 1 / 30
    ones = np.ones(N)
    return x, HeadTargets(axis, np.ones((N, 3)), album.astype(float), ones, album, rng.random((N, 8)).round(), ones, ones)


def fitted(**options: Any) -> HiddenHead:
    x, y = _crossed()
    weights = np.ones((2, N), dtype=np.float32)
    weights[0, ::5] = weights[1, 1::5] = 0
    own = {
        "hidden_layers": ("32",),
        "hidden_dropout": 0.0,
        "hidden_learning_rate": 1e-2,
        "hidden_batch_size": 32,
        "max_steps": 6,
    }
    config = fit_config(**{"head": "hidden", "ensemble_size": 2, "inverse_l2": 100.0, **own, **options})
    head = fit_heads(x, y, member_weights=weights, config=config)
    return head  # type: ignore[no-any-return]


def _accuracy(head: Any) -> float:
    x, y = _crossed()
    return float((head.logits(x)[..., ALBUM].mean(axis=1).argmax(axis=1) == y.album_idx).mean())


def test_it_learns_what_no_linear_head_can() -> None:
    x, y = _crossed()
    linear = fit_heads(x, y, member_weights=np.ones((1, N), dtype=np.float32), config=fit_config(max_steps=30))
    assert _accuracy(linear) < 0.7 < 0.9 < _accuracy(fitted(max_steps=30))


def test_the_same_seed_gives_the_same_head() -> None:
    assert np.array_equal(fitted().weight, fitted().weight) and not np.array_equal(fitted().weight, fitted(seed=1).weight)


@pytest.mark.parametrize(
    "options",
    [
        {"hidden_layers": ("32", "8")},
        {"hidden_dropout": 0.5},
        {"activation": "tanh"},
        {"schedule": "cosine"},
        {"schedule": "constant"},
        {"max_grad_norm": 0.05},
        {"task_grad_norm": 0.01},
        {"task_dropout": 0.5},
        {"axes_learning_rate": 1e-3},
        {"classes_learning_rate": 1e-3},
        {"weighting": "dwa"},
        {"weighting": "uncertainty"},
        {"temporal_weight": 0.1},
        {"axis_loss": "jsd"},
    ],
    ids=lambda o: "-".join(map(str, next(iter(o.items())))),
)
def test_every_option_acts(options: dict[str, Any]) -> None:
    x, _ = _crossed()
    plain, other = fitted().logits(x), fitted(**options).logits(x)
    assert np.isfinite(other).all() and np.abs(plain - other).max() > 1e-3


def test_dwa_with_a_high_temperature_is_even_weights() -> None:
    x, _ = _crossed()
    assert np.abs(fitted(weighting="dwa", dwa_temperature=1e6).logits(x) - fitted().logits(x)).max() < 1e-2


def test_tasks_share_the_hidden_layer() -> None:
    """A weight of the axes moves what the album says: in linear heads it could not."""
    x, _ = _crossed()
    light, heavy = (fitted(axis_weight=w).logits(x)[..., ALBUM] for w in (0.01, 10.0))
    assert np.abs(light - heavy).max() > 1e-2
    slow = fitted(axes_learning_rate=1e-5)
    assert np.abs(slow.weight[..., AXIS]).max() < 1e-2 < np.abs(slow.weight[..., ALBUM]).max()


@pytest.mark.parametrize("layers", ["", "0", "64,-3", "5000", "1,2,3,4,5", "wide"])
def test_layers_that_cannot_be_built_are_refused(layers: str) -> None:
    with pytest.raises(ConfigError, match="hidden_layers"):
        TrainingConfig.of(head="hidden", hidden_layers=layers)


def test_dwa_is_refused_where_nothing_is_shared() -> None:
    with pytest.raises(ConfigError, match="share nothing"):
        TrainingConfig.of(weighting="dwa")
    assert TrainingConfig.of(weighting="dwa", head="hidden").tasks.by_pace
    with pytest.raises(ConfigError, match="can do nothing"):
        TrainingConfig.of(weighting="gradnorm", head="hidden")


def test_what_has_no_effect_is_named() -> None:
    config = TrainingConfig.of(accumulation_steps=4, schedule="cosine", epochs=9)
    assert set(config.idle()) == {"accumulation_steps", "schedule", "epochs"} and not config.changed()
    hidden = TrainingConfig.of(accumulation_steps=4, schedule="cosine", head="hidden")
    assert set(hidden.idle()) == {"accumulation_steps"}
    assert hidden.changed()["schedule"][0].counts_where() == "method is full or lora, or where head is hidden"
