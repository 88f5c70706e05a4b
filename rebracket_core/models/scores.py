"""Logits of an ensemble → calibrated scores: axes, confidence, album posterior, types, uncertainty (DOMAIN 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from rebracket_core.models.layout import ALBUM, AXIS, CONFIDENCE, TYPES
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, N_MODES, TYPE_NAMES, album_targets, album_vertices

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Calibration:
    """Numbers chosen on held-out groups that turn logits into probabilities that mean what they say.

    Temperatures divide logits; `affinity_power` is the power of the axis affinity in the album posterior; `axis_blend` is
    the share of the albums' mixture in the axis scores that are shown (per axis). With `exclusive_types` a text has exactly
    one type and the types' probabilities sum to 1 at every temperature; `likeliest_type` alone is then predicted, else every
    type whose probability reaches its own of the `type_thresholds`. The log-odds of having any type at all are multiplied by
    `any_type_slope`, and `any_type_shift` is added.
    """

    album_temperature: float = 1.0
    axis_temperature: tuple[float, ...] = (1.0, 1.0, 1.0)
    confidence_temperature: float = 1.0
    affinity_power: float = 0.0
    axis_blend: tuple[float, ...] = (0.0, 0.0, 0.0)
    type_temperature: float = 1.0
    exclusive_types: bool = False
    likeliest_type: bool = False
    type_thresholds: tuple[float, ...] = (0.5,) * len(TYPE_NAMES)
    any_type_slope: float = 1.0
    any_type_shift: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """The calibration as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: dict[str, object]) -> Calibration:
        """The calibration that `to_dict` gave."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of n texts, all float64; every distribution sums to 1.

    `axis` (n, 3, 3) as shown (heads blended with the album mixture), `axis_heads` (n, 3, 3) the heads alone, `confidence` (n,),
    `album` (n, 9), `types` (n, 8) independent probabilities, or one distribution where a text has exactly one type,
    `uncertainty` (n, 3): total, aleatoric and epistemic entropy of the album posterior as shares of ln 9; `any_type` (n,) the
    probability of having any type at all, and `predicted_types` (n, 8) 0/1 the types that are predicted.
    """

    axis: np.ndarray
    axis_heads: np.ndarray
    confidence: np.ndarray
    album: np.ndarray
    types: np.ndarray
    uncertainty: np.ndarray
    any_type: np.ndarray
    predicted_types: np.ndarray


def axis_affinity(axis: np.ndarray) -> np.ndarray:
    """(n, 9) affinity of (n, 3, 3) axis scores to each album: the product over axes of (Σ sqrt(p·t))², t unsmoothed.

    For albums of one mode an axis this is the product of the three mode probabilities (squared Bhattacharyya coefficient).
    """
    overlap = np.einsum("nxk,axk->nax", np.sqrt(axis), np.sqrt(album_vertices()))
    return np.prod(overlap**2, axis=2)


def scores_from_logits(
    logits: np.ndarray, *, calibration: Calibration, member_entropy: Callable[..., np.ndarray] | None = None
) -> Scores:
    """The scores of (n, M, 27) member logits under a calibration.

    `member_entropy` is the kind of head's own, see `heads.Head.member_entropy`; `Head.scores` passes it.
    """
    n, members, _ = logits.shape
    z = logits.astype(np.float64)
    axis_z = z[..., AXIS].reshape(n, members, len(AXIS_NAMES), N_MODES)
    axis_heads = softmax(axis_z / np.asarray(calibration.axis_temperature)[:, None]).mean(axis=1)
    member_album = softmax(z[..., ALBUM] / calibration.album_temperature)
    head_album = member_album.mean(axis=1)
    posterior = head_album
    if calibration.affinity_power > 0:
        posterior = head_album * np.maximum(axis_affinity(axis_heads), _TINY) ** calibration.affinity_power
        posterior = posterior / posterior.sum(axis=1, keepdims=True)
    mixture = np.einsum("na,axk->nxk", posterior, album_targets())
    blend = np.asarray(calibration.axis_blend)[:, None]
    axis = (1.0 - blend) * axis_heads + blend * mixture
    types = type_probabilities(z[..., TYPES], calibration=calibration)
    return Scores(
        axis=axis / axis.sum(axis=-1, keepdims=True),
        axis_heads=axis_heads,
        confidence=sigmoid(z[..., CONFIDENCE] / calibration.confidence_temperature).mean(axis=1),
        album=posterior,
        types=types,
        uncertainty=_uncertainty(
            posterior,
            head=head_album,
            inside=member_entropy(member_album, logits=z[..., ALBUM]) if member_entropy else entropy(member_album),
        ),
        any_type=any_type_probability(types, calibration=calibration),
        predicted_types=predicted_types(types, calibration=calibration),
    )


def type_probabilities(log_odds: np.ndarray, *, calibration: Calibration) -> np.ndarray:
    """(n, 8) the types' probabilities, the mean over M members of their (n, M, 8) log-odds under a calibration.

    Where a text has exactly one type, the logs of a member's probabilities are divided by the temperature and made to sum
    to 1 again: they stay a distribution, whatever the temperature.
    """
    z = log_odds.astype(np.float64)
    if calibration.exclusive_types:
        return softmax(log_sigmoid(z) / calibration.type_temperature).mean(axis=1)
    return sigmoid(z / calibration.type_temperature).mean(axis=1)


def any_type_log_odds(types: np.ndarray) -> np.ndarray:
    """(n,) log-odds of having at least one of the types, from their (n, 8) independent probabilities (noisy-or)."""
    none = np.log1p(-np.clip(types, 0.0, 1.0 - _TINY)).sum(axis=1)
    odds: np.ndarray = np.log(np.maximum(-np.expm1(none), _TINY)) - none
    return odds


def any_type_probability(types: np.ndarray, *, calibration: Calibration) -> np.ndarray:
    """(n,) the calibrated probability of having any type at all; 1 where a text has exactly one."""
    if calibration.exclusive_types:
        return np.ones(len(types))
    return sigmoid(any_type_log_odds(types) * calibration.any_type_slope + calibration.any_type_shift)


def predicted_types(types: np.ndarray, *, calibration: Calibration) -> np.ndarray:
    """(n, 8) 0/1 float64 the types that are predicted: the likeliest alone, or those that reach their thresholds."""
    if calibration.exclusive_types or calibration.likeliest_type:
        return np.eye(types.shape[1])[types.argmax(axis=1)]
    return np.asarray(types >= np.asarray(calibration.type_thresholds), dtype=np.float64)


def _uncertainty(posterior: np.ndarray, *, head: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Total = entropy of the posterior; epistemic = mutual information between member and album; aleatoric = the rest.

    `inside` (n, M) is the entropy that each member sees.
    """
    top = np.log(len(ALBUM_NAMES))
    total = entropy(posterior) / top
    epistemic = np.clip((entropy(head) - inside.mean(axis=1)) / top, 0.0, total)
    return np.stack([total, total - epistemic, epistemic], axis=1)


def entropy(p: np.ndarray) -> np.ndarray:
    """(...) the entropy in nats of distributions (..., K) over the last axis."""
    result: np.ndarray = -(p * np.log(np.maximum(p, _TINY))).sum(axis=-1)
    return result


def softmax(z: np.ndarray) -> np.ndarray:
    """(..., K) the softmax of logits (..., K) over the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    result: np.ndarray = e / e.sum(axis=-1, keepdims=True)
    return result


def log_sigmoid(z: np.ndarray) -> np.ndarray:
    """(...) the log of the logistic function, element by element."""
    result: np.ndarray = -np.logaddexp(0.0, -z)
    return result


def sigmoid(z: np.ndarray) -> np.ndarray:
    """(...) the logistic function, element by element; logits beyond ±60 count as ±60."""
    result: np.ndarray = 1.0 / (1.0 + np.exp(-np.clip(z, -60.0, 60.0)))
    return result
