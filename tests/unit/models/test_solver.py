"""The solver and the closed forms: the same losses and slopes as traced ones, and each problem as if it were alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rebracket_core.models.closed_form import is_known
from rebracket_core.models.fit import FitOptions, HeadTargets, Training
from rebracket_core.models.solver import SideBySide


def _rows(n: int = 2500) -> tuple[np.ndarray, HeadTargets, np.ndarray]:
    """More rows than are looked at in one go, with labels missing here and there."""
    rng = np.random.default_rng(5)
    album = rng.integers(-1, 9, n)
    y = HeadTargets(
        rng.dirichlet(np.ones(3), size=(n, 3)), (rng.random((n, 3)) < 0.8).astype(float), rng.random(n),
        (rng.random(n) < 0.9).astype(float), album, (rng.random((n, 8)) < 0.2).astype(float),
        (rng.random(n) < 0.5).astype(float), rng.random(n) + 0.5,
    )
    weights = rng.integers(0, 3, size=(3, n)).astype(np.float32)
    x = np.hstack([rng.normal(size=(n, 7)), np.ones((n, 1))]).astype(np.float32)
    return x, y, weights


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"balanced": True, "label_smoothing": 0.2, "album_weight": 3.0},
        {"axis_weight": 0.0, "confidence_weight": 0.0},
        {"types_weight": 0.0, "strength": 0.01},
    ],
)
def test_the_closed_form_says_what_the_traced_losses_say(changes: dict[str, Any]) -> None:
    import torch

    x, y, weights = _rows()
    options = replace(FitOptions(), **changes)
    assert is_known(options)
    told = Training.of(y, member_weights=weights, options=options)
    at = torch.from_numpy(np.random.default_rng(6).normal(size=(3, 8, 27)).astype(np.float32))
    rows = torch.from_numpy(x)
    losses, slopes = told.slopes(rows)(at)
    traced_losses, traced_slopes = told._traced(rows, at)
    assert np.allclose(losses.numpy(), traced_losses.numpy(), rtol=1e-5, atol=1e-6)
    assert np.allclose(slopes.numpy(), traced_slopes.numpy(), atol=2e-6)


@pytest.mark.parametrize(
    "changes",
    [{"axis_loss": "mse"}, {"type_loss": "single"}, {"marked_weight": 1.0}, {"evidential": True}, {"by_uncertainty": True}],
)
def test_other_losses_are_not_taken_for_known_ones(changes: dict[str, Any]) -> None:
    assert not is_known(replace(FitOptions(), **changes))


def test_each_problem_goes_its_own_way_and_ends_where_it_should() -> None:
    """Quadratics of very different curvature: each is solved as if it were alone, whatever stands beside it."""
    import torch

    rng = np.random.default_rng(7)
    bend = torch.from_numpy(np.exp(rng.uniform(-4, 4, size=(4, 30, 2))).astype(np.float32))
    goal = torch.from_numpy(rng.normal(size=(4, 30, 2)).astype(np.float32))

    of = torch.tensor([0, 1])  # each column is a problem of its own

    def evaluate(rows: slice) -> Any:
        def at(place: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            apart = place - goal[rows]
            return 0.5 * (bend[rows] * apart**2).sum(dim=1), bend[rows] * apart

        return at

    together = SideBySide(torch.zeros(4, 30, 2), evaluate(slice(0, 4)), of=of)
    alone = SideBySide(torch.zeros(1, 30, 2), evaluate(slice(2, 3)), of=of)
    first = together.value.clone()
    for _ in range(12):
        together.step()
        alone.step()
    assert torch.allclose(together.at[2], alone.at[0], atol=1e-3)
    for _ in range(150):
        together.step()
    assert bool((together.value < 1e-5 * first).all())
    together.keep(torch.tensor([True, False, True, False]), evaluate(slice(0, 4, 2)))
    together.step()
    assert together.at.shape == (2, 30, 2) and bool((together.value < 1e-5 * first[[0, 2]]).all())
