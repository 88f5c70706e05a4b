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
    features: np.ndarray,
    targets: HeadTargets,
    *,
    member_weights: np.ndarray,
    options: FitOptions,
    on_step: OnStep | None,
) -> tuple[np.ndarray, np.ndarray]:
    """(M, d, 27) weights and (M, 27) biases, each member's at its lowest loss on the rows that it leaves out.

    Adam on the full batch; every row has a fresh mask at every step, the same for all members, which differ by their rows.
    """
    import torch
    from torch.nn.functional import dropout, pad

    from rebracket_core.models.fit import Training, logits_of

    told = Training.of(targets, member_weights=member_weights, options=options)
    features = np.ascontiguousarray(features, dtype=np.float32)
    x = pad(torch.from_numpy(features), (0, 1), value=1.0)  # the last weight is the bias, which nothing leaves out
    torch.manual_seed(options.seed)
    weight = torch.zeros(told.members, x.shape[1], N_OUTPUTS, requires_grad=True)
    optimiser = torch.optim.Adam([weight], lr=_RATE)
    best, everyone = told.best(weight.detach()), torch.arange(told.members)
    for step in range(options.max_steps):
        for _ in range(_INNER):
            optimiser.zero_grad()
            thin = dropout(x, options.dropout)
            thin[:, -1] = 1.0
            told.penalised(logits_of(thin, weight), weight).sum().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            held = told.held_losses(logits_of(x, weight))
            left = best.see(held, weight, going=everyone)
        if on_step:
            on_step(step + 1, held.sum(dim=1).numpy())
        if not len(left):
            break
    return best.weight[:, :-1].numpy(), best.weight[:, -1].numpy()
