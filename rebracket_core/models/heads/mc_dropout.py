"""Heads that learn with a part of their features left out, and predict many times with a part left out.

MC dropout (Gal and Ghahramani 2016) on linear heads: a prediction with a mask is that of a thinner head, so the samples are
kept as an ensemble of thinned heads. Every text meets the same masks: its prediction depends on no other text and no chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.models.config import FitConfig
from rebracket_core.models.heads.linear import LinearHead
from rebracket_core.models.heads.problem import OnStep, Problem, logits_of
from rebracket_core.models.layout import N_OUTPUTS
from rebracket_core.options import option, refuse_unless

# Steps of Adam in one step of the curve, and their size: half of it takes three times as long and ends no lower.
_INNER = 5
_RATE = 0.06


@dataclass(frozen=True, slots=True)
class McDropoutOptions:
    """What MC dropout asks for."""

    dropout: float = option(
        0.2,
        low=0.01,
        high=0.9,
        step=0.05,
        label="Dropout",
        help="So much of what a head reads is left out, at random, in training and in each prediction.",
    )
    mc_samples: int = option(
        20,
        low=2,
        high=200,
        step=5,
        label="MC samples",
        help="Predictions a text, each of a member with other features left out; more is steadier and the model larger.",
    )


@dataclass(frozen=True, slots=True)
class McDropoutHead(LinearHead):
    """Thinned linear heads, one a sample: sample t is member t mod M under mask t."""

    name = "mc_dropout"
    label = "MC dropout"
    help = (
        "Every classifier is sampled many times with other features left out, and learns so. Slower to train; it tells more of "
        "predictions that hang on a few features."
    )
    Options = McDropoutOptions
    sees = (
        "Aleatoric is the uncertainty that all samples share: the text itself is between albums. Epistemic is how much the "
        "prediction changes when features are left out, or another classifier predicts."
    )
    limits = (
        "Its uncertainty is how predictions change when features are left out (MC dropout). All samples share one set of "
        "vectors: where they agree, that does not say that the text is of a known kind, and a new kind of text is not seen."
    )
    trains_with_backbone = False

    @classmethod
    def check(cls, config: FitConfig) -> None:
        """Raise a ConfigError where a member would get no sample."""
        refuse_unless(
            "mc_samples",
            config.options.mc_samples >= config.heads.ensemble_size,
            expected=f"at least one for each of {config.heads.ensemble_size} members (ensemble_size)",
            found=config.options.mc_samples,
        )

    @classmethod
    def n_predictions(cls, config: FitConfig) -> int:
        """One a sample."""
        return int(config.options.mc_samples)

    @classmethod
    def _prepare(cls, features: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return features, None  # masks change with the basis, so the features are taken as they are

    @classmethod
    def _solve(
        cls, features: np.ndarray, problem: Problem, *, rotated: bool, on_step: OnStep | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(samples, d, 27) weights and (samples, 27) biases of thinned heads."""
        own = problem.config.options
        weight, bias = _train(features, problem, dropped=own.dropout, on_step=on_step)
        rng = np.random.default_rng(problem.config.seed)
        keep = 1.0 - own.dropout
        masks = (rng.random((own.mc_samples, features.shape[1])) < keep).astype(np.float32) / np.float32(keep)
        member = np.arange(own.mc_samples) % len(weight)
        return weight[member] * masks[:, :, None], bias[member]


def _train(features: np.ndarray, problem: Problem, *, dropped: float, on_step: OnStep | None) -> tuple[np.ndarray, np.ndarray]:
    """(M, d, 27) weights and (M, 27) biases, each member's at its lowest loss on the rows that it leaves out.

    Adam on the full batch; every row has a fresh mask at every step, the same for all members, which differ by their rows.
    """
    import torch
    from torch.nn.functional import dropout

    x = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))
    torch.manual_seed(problem.config.seed)
    weight = torch.zeros(problem.members, x.shape[1], N_OUTPUTS, requires_grad=True)
    bias = torch.zeros(problem.members, N_OUTPUTS, requires_grad=True)
    optimiser = torch.optim.Adam([weight, bias], lr=_RATE)
    best = problem.best(weight, bias)
    for step in range(problem.config.heads.max_steps):
        for _ in range(_INNER):
            optimiser.zero_grad()
            thin = dropout(x, dropped)
            problem.penalised(logits_of(thin, weight, bias), weight).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            held = problem.held_out_losses(logits_of(x, weight, bias))
            stop = best.see(held, weight, bias)
        if on_step:
            on_step(step + 1, held.numpy())
        if stop:
            break
    return best.weight.numpy(), best.bias.numpy()
