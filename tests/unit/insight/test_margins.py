"""The answers in PyTorch are those in numpy, whatever the calibration; questions about them are checked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rebracket_core.errors import InputError
from rebracket_core.insight.explain.margins import OUTPUTS, margin_of, output_logits
from rebracket_core.models.heads import HEADS, Head, HiddenHead
from rebracket_core.models.layout import N_OUTPUTS
from rebracket_core.models.scores import Calibration, scores_from_logits

CALIBRATION = Calibration(
    album_temperature=0.5,
    axis_temperature=(0.6, 0.7, 1.3),
    confidence_temperature=0.4,
    affinity_power=0.5,
    axis_blend=(0.2, 0.0, 0.5),
    type_temperature=0.9,
    any_type_slope=0.7,
    any_type_shift=-0.3,
)


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("kind", HEADS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("calibration", [Calibration(), CALIBRATION])
def test_the_answers_in_torch_are_those_that_decide(exclusive: bool, kind: type[Head], calibration: Calibration) -> None:
    import torch

    from rebracket_core.insight.explain.torch_scores import torch_output_logits

    calibration = replace(calibration, exclusive_types=exclusive)
    rng = np.random.default_rng(4)
    weight, bias = rng.normal(size=(3, 12, N_OUTPUTS)).astype(np.float32), rng.normal(size=(3, N_OUTPUTS)).astype(np.float32)
    arrays = {"weight": weight, "bias": bias}
    if kind.name == "hidden":
        arrays = HiddenHead(((weight[..., :12], bias[:, :12]),), weight, bias).to_arrays()
    heads = kind.from_arrays(arrays, exclusive_types=exclusive)
    features = rng.normal(size=(5, 12)).astype(np.float32)
    scores = heads.scores(heads.logits(features), calibration=calibration)
    z = heads.torch_logits(torch.from_numpy(features))
    for output in OUTPUTS:
        if output == "any_type" and exclusive:  # it has one, so there is nothing to explain
            continue
        found = torch_output_logits(z, output, calibration=calibration).numpy()
        assert found == pytest.approx(output_logits(scores, output), abs=2e-4, rel=1e-4), output


def test_a_margin_is_of_the_first_against_the_second_unless_others_are_named() -> None:
    scores = scores_from_logits(np.random.default_rng(1).normal(size=(1, 2, N_OUTPUTS)), calibration=CALIBRATION)
    asked = margin_of(scores, "album")
    assert asked.of(scores)[0] >= 0
    turned = margin_of(scores, "album", answer=asked.runner_up.lower(), against=asked.predicted)
    assert turned.of(scores)[0] == pytest.approx(-asked.of(scores)[0])
    for answer, against, what in ((None, asked.predicted, asked.runner_up), ("teal", None, "teal")):
        if answer is None:
            assert margin_of(scores, "album", answer=asked.runner_up, against=against).predicted == what
        else:
            with pytest.raises(InputError, match="no answer of album"):
                margin_of(scores, "album", answer=answer)
    with pytest.raises(InputError, match="against itself"):
        margin_of(scores, "temporal", answer="past", against="past")
    with pytest.raises(InputError, match="not known"):
        margin_of(scores, "colour")
