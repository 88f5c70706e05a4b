"""Class weights of every task, on a planted imbalance, against what they come to by hand."""

from typing import Any

import numpy as np
import pytest

from rebracket_core.errors import ConfigError
from rebracket_core.models.config import read_class_weights
from rebracket_core.models.heads.problem import Problem
from rebracket_core.models.layout import ALBUM, AXIS, TYPES
from rebracket_core.models.losses.classes import class_weights
from rebracket_core.models.losses.tasks import part_losses
from rebracket_core.models.scores import sigmoid, softmax
from rebracket_core.models.targets import HeadTargets
from rebracket_core.training import TrainingConfig
from tests.support.fits import fit_config, fit_heads

N, RARE = 40, 4


def _planted() -> HeadTargets:
    """40 rows: 4 are Red, past and causal with a type, 36 Orange, future and spatial; of 36 six have no type at all."""
    rare = np.arange(N) < RARE
    axis = np.where(rare[:, None, None], np.eye(3)[0], np.eye(3)[2]) * np.ones((1, 3, 1))
    types = np.zeros((N, 8))
    types[rare, 2] = types[~rare, 0] = 1.0
    types[-6:] = 0.0
    ones = np.ones(N)
    return HeadTargets(axis, np.ones((N, 3)), ones, ones, np.where(rare, 1, 2), types, ones, ones)


def _fitted(**options: Any) -> np.ndarray:
    """(27,) biases of a head that sees nothing of the texts: what it learns is how often a class is."""
    config = fit_config(max_steps=12, patience_steps=12, **options)
    heads = fit_heads(np.zeros((N, 2), np.float32), _planted(), member_weights=np.ones((1, N), np.float32), config=config)
    return np.asarray(heads.bias[0], dtype=np.float64)


def test_balanced_weights_are_those_computed_by_hand() -> None:
    y = {name: value for name, value in _planted().tensors().items()}
    import torch

    config = fit_config(class_weights="balanced", tasks=("axes", "album", "types", "has_any_type")).tasks
    found = class_weights(y, torch.ones(1, N), tasks=config)
    # n / (K · count): nine albums, three modes, two answers to each type.
    assert found["album"][0, [0, -1]].tolist() == pytest.approx([40 / (9 * 4), 40 / (9 * 36)])
    assert found["temporal"][0, [0, -1]].tolist() == pytest.approx([40 / (3 * 4), 40 / (3 * 36)])
    assert found["types"][0, 0, [0, 2]].tolist() == pytest.approx([40 / (2 * 10), 40 / (2 * 4)])
    assert found["has_any_type"][0, [0, -1]].tolist() == pytest.approx([40 / (2 * 34), 40 / (2 * 6)])


def test_balanced_heads_forget_how_rare_a_class_is() -> None:
    plain, balanced = _fitted(), _fitted(class_weights="balanced")
    assert softmax(plain[ALBUM])[1] == pytest.approx(RARE / N, abs=0.01)
    assert softmax(balanced[ALBUM])[[1, 2]] == pytest.approx([0.5, 0.5], abs=0.02)
    assert softmax(plain[AXIS][:3])[0] == pytest.approx(RARE / N, abs=0.01)
    assert softmax(balanced[AXIS][:3])[[0, 2]] == pytest.approx([0.5, 0.5], abs=0.02)
    assert sigmoid(plain[TYPES])[[0, 2]] == pytest.approx([30 / 40, 4 / 40], abs=0.01)
    assert sigmoid(balanced[TYPES])[[0, 2]] == pytest.approx([0.5, 0.5], abs=0.02)


def test_balanced_softmax_over_types_and_any_type() -> None:
    single, balanced = _fitted(type_loss="single"), _fitted(type_loss="single", class_weights="balanced")
    assert softmax(single[TYPES])[[0, 2]] == pytest.approx([30 / 34, 4 / 34], abs=0.01)
    assert softmax(balanced[TYPES])[[0, 2]] == pytest.approx([0.5, 0.5], abs=0.02)
    for options, wanted in (({}, 34 / 40), ({"class_weights": "balanced"}, 0.5)):
        z = _fitted(tasks=("has_any_type",), **options)[TYPES]
        assert 1.0 - np.prod(1.0 - sigmoid(z)) == pytest.approx(wanted, abs=0.02)


def test_weights_by_hand_are_odds_of_rows() -> None:
    """A class of weight w counts as w times as many rows: 4 · 3 of 4 · 3 + 36."""
    by_hand = _fitted(class_weights="Red=3, causal=3, past=3")
    assert softmax(by_hand[ALBUM])[1] == pytest.approx(12 / 48, abs=0.01)
    assert softmax(by_hand[AXIS][:3])[0] == pytest.approx(12 / 48, abs=0.01)
    assert sigmoid(by_hand[TYPES])[2] == pytest.approx(12 / 48, abs=0.01)
    assert sigmoid(by_hand[TYPES])[0] == pytest.approx(30 / 40, abs=0.01)
    listed = _fitted(class_weights="[1, 1, 3, 1, 1, 1, 1, 1]", type_loss="single")
    assert softmax(listed[TYPES])[[0, 2]] == pytest.approx([30 / 42, 12 / 42], abs=0.01)


def test_a_weight_is_in_numerator_and_denominator() -> None:
    import torch

    y = _planted().tensors()
    tasks = fit_config(class_weights="causal=3").tasks
    logits = torch.zeros(N, 1, 27)
    logits[..., TYPES.start + 2] = 1.0
    rows = torch.ones(1, N)
    found = part_losses(logits, y, rows, tasks=tasks, class_weights=class_weights(y, rows, tasks=tasks))["types"]
    yes, no, half = -np.log(sigmoid(np.array(1.0))), -np.log(sigmoid(np.array(-1.0))), np.log(2.0)
    assert found.item() == pytest.approx((3 * 4 * yes + 36 * no + 7 * 40 * half) / (3 * 4 + 36 + 7 * 40))


def test_weights_are_read_in_every_spelling() -> None:
    assert read_class_weights("causal=3, red: 2") == {"causal": 3.0, "Red": 2.0}
    assert TrainingConfig.of(class_weights={"causal": 3, "no_type": 0.5}).tasks.manual_class_weights == {
        "causal": 3.0,
        "no_type": 0.5,
    }
    assert TrainingConfig.of(class_weights=[1, 2, 3, 4, 5, 6, 7, 8]).tasks.manual_class_weights["causal"] == 3.0
    assert TrainingConfig.of(class_weights="1,1,1,1,1,1,1,1,9").tasks.manual_class_weights["White"] == 9.0
    assert TrainingConfig().tasks.manual_class_weights == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"class_weights": "heavy"}, "8 numbers for the types or 9 for the albums"),
        ({"class_weights": "1,2"}, "8 numbers"),
        ({"class_weights": "purple=2"}, "a class: "),
        ({"class_weights": "causal=-1"}, "from 0 to"),
        ({"class_weights": "causal=much"}, "from 0 to"),
        ({"class_weights": "causal=2", "tasks": ["album"]}, "of a task that is learnt"),
        ({"class_weights": "causal=0"}, "above 0"),
    ],
)
def test_weights_that_mean_nothing_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        TrainingConfig.of(**options)
    assert words in str(refused.value.expected)


def test_nothing_is_weighed_by_default() -> None:
    problem = Problem.of(_planted(), member_weights=np.ones((1, N), np.float32), config=fit_config())
    assert problem.class_weights == {}
