"""Evidence for each album instead of a probability: a Dirichlet distribution over what the probabilities may be.

The logits z give evidence softplus(z), the Dirichlet's parameters are 1 + evidence, and its mean is the probability (Sensoy
et al. 2018). What it calls epistemic rises where the evidence is small. It is no measure of what more data would settle (it
does not vanish with more data: Shen et al. 2024; it is relative: Juergens et al. 2024), so it is named a score of being
unlike the training texts, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def concentration(logits: torch.Tensor) -> torch.Tensor:
    """(...) Dirichlet parameters of logits: 1 + softplus(z), above 1."""
    from torch.nn.functional import softplus

    return softplus(logits) + 1.0


def evidential_loss(alpha: torch.Tensor, target: torch.Tensor, *, penalty: float) -> torch.Tensor:
    """(...) expected cross-entropy under Dir(alpha) plus `penalty` times the evidence for what is not the target.

    Over the last axis: Σ y(ψ(S) - ψ(α)) + penalty · KL(Dir(y + (1-y)α) ‖ Dir(1)); the target may be soft.
    """
    import torch

    total = alpha.sum(dim=-1, keepdim=True)
    expected = (target * (torch.digamma(total) - torch.digamma(alpha))).sum(dim=-1)
    if penalty == 0:
        return expected
    return expected + penalty * uniform_divergence(target + (1.0 - target) * alpha)


def uniform_divergence(alpha: torch.Tensor) -> torch.Tensor:
    """(...) KL(Dir(alpha) ‖ Dir(1, ..., 1)) in nats over the last axis; 0 for alpha of ones.

    ln Γ(S) - ln Γ(K) - Σ ln Γ(α) + Σ (α-1)(ψ(α) - ψ(S)). Without ln Γ(K) the uniform Dirichlet would not score 0.
    """
    import torch

    total = alpha.sum(dim=-1, keepdim=True)
    k = torch.tensor(float(alpha.shape[-1]))
    norm = torch.lgamma(total.squeeze(-1)) - torch.lgamma(k) - torch.lgamma(alpha).sum(dim=-1)
    return norm + ((alpha - 1.0) * (torch.digamma(alpha) - torch.digamma(total))).sum(dim=-1)


def log_concentration(logits: np.ndarray) -> np.ndarray:
    """(...) log of the Dirichlet's parameters, in the logits' dtype: their softmax is the Dirichlet's mean."""
    result: np.ndarray = np.log1p(np.logaddexp(0.0, logits.astype(np.float64)))
    return result.astype(logits.dtype)


def expected_entropy(mean: np.ndarray, total: np.ndarray) -> np.ndarray:
    """(...) mean entropy in nats of distributions drawn from a Dirichlet of this (..., K) mean and (...) total S.

    Σ p(ψ(S+1) - ψ(S·p+1)); the entropy of the mean less this is the mutual information.
    """
    from scipy.special import digamma

    s = total[..., None]
    result: np.ndarray = (mean * (digamma(s + 1.0) - digamma(s * mean + 1.0))).sum(axis=-1)
    return result
