"""The calibrated scores of an ensemble in PyTorch, so that gradients reach through them; `models.scores` in numpy decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.insight.explain.margins import ANY_TYPE, CONFIDENCE as CONFIDENCE_OUTPUT
from rebracket_core.models import ALBUM, AXIS, CONFIDENCE, TYPES, Calibration
from rebracket_core.rainbow import AXIS_NAMES, N_MODES, album_targets, album_vertices

if TYPE_CHECKING:
    import torch

_TINY = 1e-12


def torch_output_logits(z: torch.Tensor, output: str, *, calibration: Calibration) -> torch.Tensor:
    """(b, K) float64 what `margins.output_logits` gives for the scores of (b, M, 27) logits, differentiable."""
    import torch

    if output == CONFIDENCE_OUTPUT:
        p = torch.sigmoid(z[..., CONFIDENCE] / calibration.confidence_temperature).mean(dim=1)
        return _log(torch.stack([p, 1.0 - p], dim=1))
    if output == ANY_TYPE:
        return _log(_any_type(_types(z[..., TYPES], calibration=calibration).mean(dim=1), calibration=calibration))
    if output == "type":
        p = _types(z[..., TYPES], calibration=calibration).mean(dim=1)
        return _log(p) - _log(1.0 - p)
    axes = z[..., AXIS].reshape(*z.shape[:2], len(AXIS_NAMES), N_MODES)
    heads = torch.softmax(axes / _tensor(calibration.axis_temperature)[:, None], dim=-1).mean(dim=1)
    posterior = _posterior(z, heads, calibration=calibration)
    if output == "album":
        return _log(posterior)
    at = AXIS_NAMES.index(output)
    blend = calibration.axis_blend[at]
    mixture = posterior @ _tensor(album_targets())[:, at]
    shown = (1.0 - blend) * heads[:, at] + blend * mixture
    return _log(shown / shown.sum(dim=-1, keepdim=True))


def _types(log_odds: torch.Tensor, *, calibration: Calibration) -> torch.Tensor:
    import torch
    from torch.nn.functional import logsigmoid

    if calibration.exclusive_types:
        return torch.softmax(logsigmoid(log_odds) / calibration.type_temperature, dim=-1)
    return torch.sigmoid(log_odds / calibration.type_temperature)


def _any_type(types: torch.Tensor, *, calibration: Calibration) -> torch.Tensor:
    """(b, 2) the calibrated probabilities of having any type and of having none, from (b, 8) independent ones."""
    import torch

    none = torch.log1p(-types.clamp(0.0, 1.0 - _TINY)).sum(dim=1)
    odds = (-torch.expm1(none)).clamp_min(_TINY).log() - none
    p = torch.sigmoid(odds * calibration.any_type_slope + calibration.any_type_shift)
    return torch.stack([p, 1.0 - p], dim=1)


def _posterior(z: torch.Tensor, heads: torch.Tensor, *, calibration: Calibration) -> torch.Tensor:
    import torch

    head = torch.softmax(z[..., ALBUM] / calibration.album_temperature, dim=-1).mean(dim=1)
    if calibration.affinity_power <= 0:
        return head
    overlap = torch.einsum("nxk,axk->nax", heads.sqrt(), _tensor(album_vertices()).sqrt())
    weighed = head * (overlap**2).prod(dim=2).clamp_min(_TINY) ** calibration.affinity_power
    return weighed / weighed.sum(dim=1, keepdim=True)


def _log(shares: torch.Tensor) -> torch.Tensor:
    return shares.clamp_min(_TINY).log()


def _tensor(values: Any) -> torch.Tensor:
    import torch

    return torch.tensor(np.asarray(values, dtype=np.float64))
