"""Heads that learn with a part of their features left out, and are asked many times with a part left out.

MC dropout (Gal and Ghahramani 2016) on linear heads: an answer with a mask is the answer of a thinner head, so the passes are
kept as an ensemble of thinned heads. Every text meets the same masks: its answer depends on no other text and no chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.models.layout import N_OUTPUTS

if TYPE_CHECKING:
    from rebracket_core.models.fit import FitOptions, HeadTargets, OnStep

# Steps of Adam in one step of the curve, and their size: half of it takes three times as long and ends no lower.
_INNER = 5
_RATE = 0.06


def fit_thinned(
    features: np.ndarray,
    targets: HeadTargets,
    *,
    member_weights: np.ndarray,
    options: FitOptions,
    on_step: OnStep | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(passes, d, 27) weights and (passes, 27) biases of thinned heads; pass t is member t mod M under mask t.

    Arguments as in `fit.fit_heads`. The masks change with the basis, so the features are taken as they are, not rotated.
    """
    weight, bias = _train(features, targets, member_weights=member_weights, options=options, on_step=on_step)
    rng = np.random.default_rng(options.seed)
    keep = 1.0 - options.dropout
    masks = (rng.random((options.passes, features.shape[1])) < keep).astype(np.float32) / np.float32(keep)
    member = np.arange(options.passes) % len(weight)
    return weight[member] * masks[:, :, None], bias[member]


def _train(
    features: np.ndarray, targets: HeadTargets, *, member_weights: np.ndarray, options: FitOptions, on_step: OnStep | None
) -> tuple[np.ndarray, np.ndarray]:
    """(M, d, 27) weights and (M, 27) biases, each member's at its lowest loss on the rows that it leaves out.

    Adam on the full batch; every row has a fresh mask at every step, the same for all members, which differ by their rows.
    """
    import torch
    from torch.nn.functional import dropout

    from rebracket_core.models.fit import Training, logits_of

    told = Training.of(targets, member_weights=member_weights, options=options)
    x = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))
    torch.manual_seed(options.seed)
    weight = torch.zeros(told.members, x.shape[1], N_OUTPUTS, requires_grad=True)
    bias = torch.zeros(told.members, N_OUTPUTS, requires_grad=True)
    optimiser = torch.optim.Adam([weight, bias], lr=_RATE)
    best = told.best(weight, bias)
    for step in range(options.max_steps):
        for _ in range(_INNER):
            optimiser.zero_grad()
            thin = dropout(x, options.dropout)
            told.penalised(logits_of(thin, weight, bias), weight).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            held = told.held_losses(logits_of(x, weight, bias))
            stop = best.see(held, weight, bias)
        if on_step:
            on_step(step + 1, held.numpy())
        if stop:
            break
    return best.weight.numpy(), best.bias.numpy()
