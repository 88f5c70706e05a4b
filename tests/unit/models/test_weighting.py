"""Questions on a shared trunk: what each way of balancing makes of gradients that disagree, and numbers worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from rebracket_core.models.losses.gradient_balance import Balance, feature_gradients, gradnorm_step, largest_ratio
from rebracket_core.models.losses.weighting import WEIGHTINGS, offered

# Two gradients, (1, 0) and (-0.5, 1.936492): lengths 1 and 2, and they disagree.
GRAMIAN = [[1.0, -0.5], [-0.5, 4.0]]


def of(*values: Any) -> Any:
    import torch

    return torch.tensor(values if len(values) > 1 else values[0], dtype=torch.float32)


def weigh(method: str, gramian: Any) -> Any:
    balance = Balance(method, n_tasks=7, alpha=1.5)
    return balance.weigh(of([1.0, 2.0]), of(gramian), tasks_at=[0, 3])


@pytest.mark.parametrize("weighting", [w for w in offered() if w.torchjd], ids=lambda w: w.name)
def test_torchjd_knows_every_weighting_of_the_table(weighting: Any) -> None:
    from torchjd import aggregation

    assert hasattr(aggregation, weighting.torchjd) and weighting.needs_backbone
    assert {w.name for w in WEIGHTINGS if not w.built}.isdisjoint(w.name for w in offered())


def test_gradnorm_is_golden() -> None:
    """GradNorm's weights by hand: norms 1 and 2, losses that fell to a half and not at all, alpha 1.

    The rates are .5 and 1, their mean .75; the mean of w·n is 1.5, so the targets are 1 and 2: nothing moves. With
    alpha 0 both targets are 1.5: the weights part by .025·n/1.5 and keep their sum.
    """
    told = {"norms": of([1.0, 2.0]), "losses": of([0.5, 1.0]), "first_losses": of([1.0, 1.0])}
    assert gradnorm_step(of([1.0, 1.0]), **told, alpha=1.0).tolist() == pytest.approx([1.0, 1.0])
    up, down = 1 + 0.025 / 1.5, 1 - 0.05 / 1.5
    wanted = [2 * up / (up + down), 2 * down / (up + down)]
    assert gradnorm_step(of([1.0, 1.0]), **told, alpha=0.0).tolist() == pytest.approx(wanted, abs=1e-6)


def test_gradnorm_comes_to_rest_where_the_weighted_norms_are_alike() -> None:
    balance = Balance("gradnorm", n_tasks=2, alpha=0.0)
    for _ in range(400):
        weights = balance.weigh(of([1.0, 1.0]), of([[1.0, 0.0], [0.0, 16.0]]), tasks_at=[0, 1])
    assert (weights * of([1.0, 4.0])).tolist() == pytest.approx([1.6, 1.6], rel=0.1)
    assert weights.sum().item() == pytest.approx(2.0, abs=1e-4)


def test_gradnorm_remembers_through_a_checkpoint() -> None:
    balance = Balance("gradnorm", n_tasks=7, alpha=1.5)
    balance.weigh(of([1.0, 2.0]), of(GRAMIAN), tasks_at=[0, 3])
    other = Balance("gradnorm", n_tasks=7, alpha=1.5)
    other.load_state_dict(balance.state_dict())
    assert (
        other.weigh(of([0.5, 2.0]), of(GRAMIAN), tasks_at=[0, 3]).tolist()
        == balance.weigh(of([0.5, 2.0]), of(GRAMIAN), tasks_at=[0, 3]).tolist()
    )


def test_pcgrad_and_upgrad_are_golden() -> None:
    """Each gradient without its part against the other: g1 + .125·g2 and g2 + .5·g1; UPGrad takes the mean of the two."""
    assert weigh("pcgrad", GRAMIAN).tolist() == pytest.approx([1.5, 1.125], abs=1e-4)
    assert weigh("upgrad", GRAMIAN).tolist() == pytest.approx([0.75, 0.5625], abs=1e-3)


def test_mgda_is_golden() -> None:
    """The shortest mix of the two: a = (4 + .5) / (1 + 4 + 1) of the first."""
    assert weigh("mgda", GRAMIAN).tolist() == pytest.approx([0.75, 0.25], abs=1e-2)


@pytest.mark.parametrize("method", ["pcgrad", "upgrad", "mgda", "dualproj", "imtl_g"])
def test_no_question_is_pulled_backwards(method: str) -> None:
    """A plain sum of (1, 0) and (-3, 1) goes against the first; these methods do not."""
    gramian = of([[1.0, -3.0], [-3.0, 10.0]])
    assert (gramian @ of([1.0, 1.0]))[0] < 0
    assert (gramian @ weigh(method, gramian.tolist())).min() > -1e-2


@pytest.mark.parametrize("method", [w.name for w in offered() if w.needs_backbone])
def test_one_question_and_questions_that_pull_nowhere_are_no_trouble(method: str) -> None:
    balance = Balance(method, n_tasks=7, alpha=1.5)
    assert balance.weigh(of([1.0]), of([[4.0]]), tasks_at=[2]).tolist() == [1.0]
    assert weigh(method, [[1.0, 0.0], [0.0, 0.0]]).isfinite().all()
    assert weigh(method, [[1.0, 1.0], [1.0, 1.0]]).isfinite().all()


def test_gradients_of_features() -> None:
    import torch

    features = torch.tensor([[1.0, 2.0]], requires_grad=True)
    found = feature_gradients([(features**2).sum(), 3 * features[0, 0]], features)
    assert found.tolist() == [[2.0, 4.0], [3.0, 0.0]]
    assert largest_ratio([0.0, 2.0, 30.0]) == 15.0 and largest_ratio([0.0, 3.0]) == 1.0
