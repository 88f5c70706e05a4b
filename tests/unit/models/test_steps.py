"""How steps are taken: schedules, cuts, paces, parts left out and rates of their own, each by numbers worked by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from rebracket_core.models.config import OptimiserConfig
from rebracket_core.models.losses.backbone import backbone_loss, cut_lengths
from rebracket_core.models.losses.functions import axis_losses, jsd
from rebracket_core.models.losses.pace import TaskPace, dwa_weights, kept_parts
from rebracket_core.models.losses.tasks import member_losses, part_losses
from rebracket_core.models.optimiser import move_outputs_at, output_rates, rate_factor
from tests.support.fits import fit_config


def of(*values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_jsd_is_golden_in_nats() -> None:
    """In bits 1, .542751 and .459148; a difference of nothing costs nothing, and scores of 0 break nothing."""
    sure = of(0.0, -1e4, -1e4)
    assert jsd(sure, of(0.0, 1.0, 0.0)).item() == pytest.approx(math.log(2), abs=1e-6)
    assert jsd(of(0.9, 0.05, 0.05).log(), of(0.1, 0.2, 0.7)).item() == pytest.approx(0.542751 * math.log(2), abs=1e-6)
    assert jsd(of(1, 1, 1), of(1.0, 0.0, 0.0)).item() == pytest.approx(0.459148 * math.log(2), abs=1e-6)
    assert axis_losses(of(0.2, 0.3, 0.5).log(), of(0.2, 0.3, 0.5), kind="jsd", delta=1.0).item() == pytest.approx(0, abs=1e-12)
    logits = of(40.0, -40.0, -40.0).requires_grad_()
    jsd(logits, of(0.0, 0.5, 0.5)).backward()
    assert logits.grad is not None and bool(logits.grad.isfinite().all())


def test_jsd_agrees_with_scipy() -> None:
    from scipy.spatial.distance import jensenshannon

    draws = torch.randn(20, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p, q = draws.softmax(dim=-1).unbind(dim=1)
    wanted = jensenshannon(p.numpy(), q.numpy(), axis=1) ** 2
    assert jsd(p.log(), q).numpy() == pytest.approx(wanted, abs=1e-12)


def _batch() -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor]:
    chance = torch.Generator().manual_seed(1)
    y = {
        "axis": torch.randn(6, 3, 3, generator=chance).softmax(dim=-1),
        "axis_mask": torch.ones(6, 3),
        "confidence": torch.ones(6),
        "confidence_mask": torch.ones(6),
        "album": torch.arange(6) % 3,
        "types": torch.zeros(6, 8),
        "types_mask": torch.ones(6),
        "weight": torch.ones(6),
    }
    return torch.randn(6, 2, 27, generator=chance), y, torch.ones(2, 6)


def test_each_axis_has_a_weight_of_its_own() -> None:
    logits, y, weight = _batch()
    tasks = fit_config(axis_weight=2.0, temporal_weight=0.5, spatial_weight=3.0).tasks
    assert [tasks.weight_of(axis) for axis in ("temporal", "spatial", "ontological")] == [1.0, 6.0, 2.0]
    parts = part_losses(logits, y, weight, tasks=tasks)
    wanted = torch.stack([tasks.weight_of(name) * loss for name, loss in parts.items()]).sum(dim=0)
    assert torch.allclose(member_losses(logits, y, weight, tasks=tasks), wanted)
    even = member_losses(logits, y, weight, tasks=fit_config(axis_weight=2.0).tasks)
    assert not torch.allclose(even, wanted)


def test_schedules_by_hand() -> None:
    """Ten steps, two of warm-up: half and whole there, then eight that fall to 0."""

    def at(schedule: str) -> list[float]:
        return [rate_factor(step, total=10, warmup=2, schedule=schedule) for step in (0, 1, 2, 4, 6, 10)]

    assert at("linear") == pytest.approx([0, 0.5, 1, 0.75, 0.5, 0])
    assert at("cosine") == pytest.approx([0, 0.5, 1, 0.5 + math.sqrt(0.5) / 2, 0.5, 0])
    assert at("constant") == pytest.approx([0, 0.5, 1, 1, 1, 1])


@pytest.mark.slow
def test_the_schedules_are_those_of_transformers() -> None:
    from transformers import get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

    for name, make in (("linear", get_linear_schedule_with_warmup), ("cosine", get_cosine_schedule_with_warmup)):
        adam = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=1.0)
        theirs = make(adam, num_warmup_steps=3, num_training_steps=17).lr_lambdas[0]
        for step in range(18):
            assert rate_factor(step, total=17, warmup=3, schedule=name) == pytest.approx(theirs(step), abs=1e-12)


def test_dwa_is_golden() -> None:
    """Ratios 1 and .5 at T = 2: e^.5 = 1.648721 and e^.25 = 1.284025, so 2 · (.562177, .437823)."""
    found = dwa_weights(of(2.0, 1.0), of(2.0, 2.0), temperature=2.0)
    assert found.tolist() == pytest.approx([1.124353, 0.875647], abs=1e-6)
    assert dwa_weights(of(2.0, 1.0), of(2.0, 2.0), temperature=1e3).tolist() == pytest.approx([1, 1], abs=1e-3)


def test_a_pace_needs_two_epochs_and_lives_in_checkpoints() -> None:
    pace = TaskPace(("a", "b", "c"), temperature=2.0)
    for losses in ((2.0, 4.0), (2.0, 2.0)):
        assert pace.weights(("a", "b")) == {"a": 1.0, "b": 1.0}
        pace.see({"a": torch.tensor(losses[0]), "b": torch.tensor(losses[1])})
        pace.see({"a": torch.tensor(losses[0]), "b": torch.tensor(0.0)})  # the mean of an epoch counts
        pace.end_epoch()
    again = TaskPace(("a", "b", "c"), temperature=2.0)
    again.load_state_dict(pace.state_dict())
    assert list(again.weights(("a", "b")).values()) == pytest.approx([1.124353, 0.875647], abs=1e-6)
    assert pace.weights(("a", "b", "c")) == {"a": 1.0, "b": 1.0, "c": 1.0}  # of c nothing is known yet


def test_parts_are_left_out_by_the_number_of_the_step_alone() -> None:
    parts = ("a", "b", "c", "d")
    drawn = [kept_parts(parts, dropout=0.4, seed=(7, step)) for step in range(400)]
    assert drawn == [kept_parts(parts, dropout=0.4, seed=(7, step)) for step in range(400)]
    assert all(drawn) and sum(map(len, drawn)) / 1600 == pytest.approx(0.6 + 0.4**4 / 4, abs=0.04)
    assert kept_parts(parts, dropout=0.0, seed=(7, 1)) == parts and kept_parts(("a",), dropout=0.9, seed=(7, 1)) == ("a",)


def test_cuts_by_hand() -> None:
    assert cut_lengths(of(0.5, 2.0, 8.0, 0.0), most=2.0).tolist() == [1.0, 1.0, 0.25, 1.0]
    assert cut_lengths(of(0.5, 2.0), most=0.0).tolist() == [1.0, 1.0]


def test_a_tasks_gradient_is_cut_where_it_enters_the_features_alone() -> None:
    """The whole gradient is the sum of the parts' own, each cut; what the heads get is as before."""
    _, y, weight = _batch()
    config = fit_config(confidence_weight=4.0)
    projection = torch.randn(5, 54, generator=torch.Generator().manual_seed(2))

    def run(cut: float, *, parts: tuple[str, ...] = config.tasks.parts) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
        features = torch.randn(6, 5, generator=torch.Generator().manual_seed(3)).requires_grad_()
        head = projection.clone().requires_grad_()
        inner = features.detach().requires_grad_() if cut else features
        output = {"features": features, "inner": inner, "logits": (inner @ head).view(6, 2, 27)}
        found = backbone_loss(output, y, weight, tasks=config.tasks, parts=parts, task_grad_norm=cut, with_norms=True)
        found.total.backward()  # type: ignore[no-untyped-call]
        assert features.grad is not None and head.grad is not None
        return features.grad, head.grad, found.norms

    free, head, norms = run(0.0)
    most = sorted(norms.values())[2]
    cut, head_cut, _ = run(most)
    wanted = torch.stack([run(0.0, parts=(name,))[0] * min(1.0, most / norms[name]) for name in norms]).sum(dim=0)
    assert torch.allclose(cut, wanted, atol=1e-6) and not torch.allclose(cut, free, atol=1e-4)
    assert torch.allclose(head, head_cut, atol=1e-6)


def test_outputs_learn_at_rates_of_their_own() -> None:
    """The axes' outputs, the first ten, at a tenth: Adam's first step is the rate itself in each."""
    assert output_rates(OptimiserConfig(), heads_rate=1e-2) is None
    shares = output_rates(OptimiserConfig(axes_learning_rate=1e-3), heads_rate=1e-2)
    assert shares is not None
    weight = torch.zeros(2, 4, 27, requires_grad=True)
    adam = torch.optim.Adam([weight], lr=1e-2)
    move_outputs_at(adam, [weight], shares)
    weight.sum().backward()  # type: ignore[no-untyped-call]
    adam.step()
    assert weight[0, 0].tolist() == pytest.approx([-1e-3] * 10 + [-1e-2] * 17, rel=1e-4)
