"""Heads on many rows: the closed form says what the losses say, and the solver ends where the loss is lowest."""

from typing import Any

import numpy as np
import pytest

from rebracket_core.models.config import FitConfig, TasksConfig
from rebracket_core.models.heads import full_batch_solver as many_rows, linear
from rebracket_core.models.heads.analytic_gradients import AnalyticGradients, is_known
from rebracket_core.models.heads.full_batch_solver import fit_many_rows
from rebracket_core.models.heads.problem import Problem, logits_of, minimise
from rebracket_core.models.layout import N_OUTPUTS
from rebracket_core.models.targets import HeadTargets
from tests.support.fits import fit_config, fit_heads

N, DIM = 2100, 6


def _rows(seed: int = 0) -> tuple[np.ndarray, HeadTargets, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(N, DIM)) * np.array([5.0, 2.0, 1.0, 0.5, 0.1, 0.02]) + 1.0).astype(np.float32)
    album = np.where(rng.random(N) < 0.8, rng.integers(0, 9, N), -1)
    y = HeadTargets(
        axis=np.eye(3)[np.abs(x[:, :3]).argsort(axis=1)],
        axis_mask=(rng.random((N, 3)) < 0.9).astype(float),
        confidence=(album > 0).astype(float),
        confidence_mask=np.ones(N),
        album_idx=album,
        types=(rng.random((N, 8)) < 0.3).astype(float),
        types_mask=(rng.random(N) < 0.7).astype(float),
        weight=rng.uniform(0.5, 2.0, N),
    )
    return x, y, (rng.integers(0, 3, N)[None] != np.arange(3)[:, None]).astype(np.float32)


@pytest.mark.parametrize("options", [fit_config(), fit_config(class_weights="balanced", label_smoothing=0.1, types_weight=2.0)])
def test_the_closed_form_says_what_the_losses_say(options: FitConfig) -> None:
    import torch

    x, y, members = _rows()
    told = Problem.of(y, member_weights=members, config=options)
    at = torch.from_numpy(np.random.default_rng(1).normal(size=(3, DIM + 1, N_OUTPUTS)).astype(np.float32) * 0.3)
    at.requires_grad_()
    logits = logits_of(torch.from_numpy(x), at[:, :-1], at[:, -1])
    loss = told.penalised(logits, at[:, :-1])
    (slope,) = torch.autograd.grad(loss, at)
    seen = AnalyticGradients(told, torch.from_numpy(x)).at(at.detach())
    assert seen.value.sum().item() == pytest.approx(loss.item(), rel=1e-5)
    assert (seen.slope - slope).abs().max() < 1e-5 * max(1.0, float(slope.abs().max()))
    assert torch.allclose(seen.held.sum(dim=1), told.held_out_losses(logits.detach()), rtol=1e-5)


@pytest.mark.slow
def test_members_end_where_their_own_losses_are_lowest(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is left out, so each runs to its minimum: as low as the general solver gets alone, each member."""
    import torch

    monkeypatch.setattr(many_rows, "_ARRIVED", 1e-6)
    x, y, _ = _rows()
    x, y = x[:300], y.take(np.arange(300))
    members = np.random.default_rng(2).integers(1, 4, size=(3, 300)).astype(np.float32)
    options = fit_config(inverse_l2=1.0, max_steps=60, patience_steps=40)
    weight, bias = fit_many_rows(x, Problem.of(y, member_weights=members, config=options))
    for m in range(2):
        told = Problem.of(y, member_weights=members[m : m + 1], config=options)
        alone = minimise(x, told, on_step=None)
        ends = []
        for w, b in ((weight[m : m + 1], bias[m : m + 1]), alone):
            w_told, b_told = torch.from_numpy(w), torch.from_numpy(b)
            ends.append(told.penalised(logits_of(torch.from_numpy(x), w_told, b_told), w_told).item())
        assert ends[0] < ends[1] + 2e-3


def test_each_question_keeps_its_best_step() -> None:
    import torch

    x, y, members = _rows()
    curve: list[np.ndarray] = []
    heads = fit_heads(x, y, member_weights=members, config=fit_config(), on_step=lambda _, held: curve.append(held.copy()))
    told = Problem.of(y, member_weights=members, config=fit_config())
    kept = told.held_out_losses(torch.from_numpy(heads.logits(x)))
    assert (kept.numpy() <= np.min(curve, axis=0) + 1e-4).all()
    assert 2 <= len(curve) <= 40


def test_the_same_rows_give_the_same_numbers() -> None:
    x, y, members = _rows()
    a, b = (fit_heads(x, y, member_weights=members, config=fit_config()) for _ in range(2))
    assert np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias)


def test_other_losses_are_left_to_the_general_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, members = _rows()
    asked: list[str] = []
    real = linear.fit_many_rows
    monkeypatch.setattr(linear, "fit_many_rows", lambda *a, **k: (asked.append("many"), real(*a, **k))[1])
    changes: tuple[dict[str, Any], ...] = ({}, {"axis_loss": "mse"}, {"head": "evidential"})
    for changed in changes:
        fit_heads(x, y, member_weights=members, config=fit_config(max_steps=2, **changed))
    assert asked == ["many"]
    fit_heads(x[:900], y.take(np.arange(900)), member_weights=members[:, :900], config=fit_config(max_steps=2))
    assert asked == ["many"], "few rows: the finer steps of the general solver"
    assert not is_known(TasksConfig(weighting="uncertainty")) and not is_known(TasksConfig(tasks=("has_any_type",)))
