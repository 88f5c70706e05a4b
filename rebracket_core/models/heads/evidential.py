"""Evidence for each album instead of a probability: a Dirichlet distribution over what the probabilities may be.

The logits z give evidence softplus(z), the Dirichlet's parameters are 1 + evidence, and its mean is the probability (Sensoy
et al. 2018). What it calls epistemic rises where the evidence is small. It is no measure of what more data would settle (it
does not vanish with more data: Shen et al. 2024; it is relative: Juergens et al. 2024), so it is named a score of being
unlike the training texts, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.models import config as names
from rebracket_core.models.config import FitConfig
from rebracket_core.models.heads.linear import LinearHead
from rebracket_core.models.layout import ALBUM
from rebracket_core.models.losses.tasks import AlbumLoss
from rebracket_core.options import option, refuse_unless

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class EvidentialOptions:
    """What evidential heads ask for."""

    evidence_penalty: float = option(
        0.1,
        low=0.0,
        high=100.0,
        step=0.1,
        label="Evidence penalty",
        help="How strongly evidence for the wrong albums is penalised.",
    )


@dataclass(frozen=True, slots=True)
class EvidentialHead(LinearHead):
    """Linear heads whose album outputs are evidence.

    They are given as the log of the Dirichlet's parameters, so that their softmax is the album's probability, as everywhere
    else, and the sum of their exponentials the evidence behind it.
    """

    name = "evidential"
    label = "Evidential (experimental)"
    help = (
        "The classifiers answer with an amount of evidence for each album. What it adds is an OOD-like score, which is "
        "relative: it can rank texts, and its size means little."
    )
    Options = EvidentialOptions
    sees = (
        "Aleatoric is the uncertainty that would stay if the evidence were right. The OOD-like score is high where there is "
        "little evidence for any album, or the classifiers disagree."
    )
    blind = (
        "The OOD-like score does not shrink with more data, so do not choose texts to label by it. It reads the same vectors "
        "as everything else: the out-of-distribution test stays what refuses them."
    )
    epistemic = "OOD-like score"
    limits = (
        "Its uncertainty is evidential and experimental: what is called epistemic is an OOD-like score, relative, "
        "and it does not shrink with more data. It rests on the same vectors as the predictions, so it may miss a new kind of "
        "text."
    )
    trains_with_backbone = False

    @classmethod
    def check(cls, config: FitConfig) -> None:
        """Raise a ConfigError where there is no album to have evidence for."""
        refuse_unless(
            "tasks",
            names.ALBUM in config.tasks.tasks,
            expected=f"album among them where head is '{cls.name}': it is evidence for albums",
            found=config.tasks.tasks,
        )

    @classmethod
    def album_loss(cls, config: FitConfig) -> AlbumLoss:
        """The expected cross-entropy under the Dirichlet, with the penalty of the options."""
        smoothing, penalty = config.tasks.label_smoothing, config.options.evidence_penalty

        def loss(logits: torch.Tensor, album: torch.Tensor) -> torch.Tensor:
            from torch.nn.functional import one_hot

            k = logits.shape[-1]
            target = one_hot(album, k).float() * (1.0 - smoothing) + smoothing / k
            return evidential_loss(concentration(logits), target[:, None], penalty=penalty)

        return loss

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n, M, 27) float32 logits of (n, d) features; the albums' are log evidence."""
        logits = LinearHead.logits(self, features)
        logits[..., ALBUM] = log_concentration(logits[..., ALBUM])
        return logits

    def _torch_album(self, logits: torch.Tensor) -> torch.Tensor:
        import torch
        from torch.nn.functional import softplus

        return torch.log1p(softplus(logits))

    @classmethod
    def member_entropy(cls, members: np.ndarray, *, logits: np.ndarray) -> np.ndarray:
        """(n, M) mean entropy of the distributions that a member's Dirichlet gives, in nats.

        The mutual information is then between the album and both, the member and the distribution drawn from its Dirichlet.
        """
        return expected_entropy(members, np.exp(logits).sum(axis=-1))


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
