"""What the probability of a verdict may be taken to mean, as far as the run's own calibration figures support it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rebracket_core.validation.flags import SEEN_IN_TRAINING, UNKNOWN_SOURCE
from rebracket_core.validation.rules import is_out_of_distribution

# From so many held-out texts on a claim is made of the probability.
MIN_TEXTS = 50
# How far the calibration error may be above what chance alone explains.
ERROR_ALLOWED = 0.05


class Claim(StrEnum):
    """What can be said of a probability, or why nothing can."""

    UNLIKE = "unlike"
    LEARNED = "learned"
    LEAKED = "leaked"
    UNMEASURED = "unmeasured"
    TOO_FEW = "too_few"
    OFF = "off"
    HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class Trust:
    """A claim with what it rests on: `n` held-out texts, their calibration error, and the nearest reliability bin.

    `near_n` and `near_right` are the size and the share right of the bin whose probability is nearest; None without bins.
    """

    claim: Claim
    n: int = 0
    error: float = 0.0
    near_n: int | None = None
    near_right: float | None = None


def unmeasured_kind(verdict: Mapping[str, Any]) -> Claim | None:
    """Why a run's figures say nothing of this text, UNLIKE or LEARNED; None where they may.

    Unlike is a text that is out of distribution or from an unknown source, learned one that the run was trained on.
    """
    flags = verdict.get("flags") or ()
    if is_out_of_distribution(verdict) or UNKNOWN_SOURCE in flags:
        return Claim.UNLIKE
    return Claim.LEARNED if SEEN_IN_TRAINING in flags else None


def trust_of(verdict: Mapping[str, Any], calibration: Mapping[str, Any] | None, *, leaked: bool = False) -> Trust:
    """The claim that a run's calibration supports for a verdict.

    Args:
        verdict: as `Verdict.to_dict` gives it.
        calibration: the run's `n`, `ece`, `ece_of_a_perfect_model` and `reliability` bins (probability, right, n).
        leaked: whether the run was split by row.

    Returns:
        HOLDS only for texts like the measured ones, from `MIN_TEXTS` held-out texts on, and where the error is at most
        `ERROR_ALLOWED` above what chance alone explains.
    """
    found = calibration or {}
    if kind := unmeasured_kind(verdict):
        return Trust(kind)
    if leaked:
        return Trust(Claim.LEAKED)
    if not found.get("n") or found.get("ece") is None:
        return Trust(Claim.UNMEASURED)
    n, error = int(found["n"]), float(found["ece"])
    if n < MIN_TEXTS:
        return Trust(Claim.TOO_FEW, n=n, error=error)
    share = float(verdict["album_probability"])
    bins = [b for b in found.get("reliability") or () if b.get("n")]
    near = min(bins, key=lambda b: abs(float(b["probability"]) - share)) if bins else None
    off = error > float(found.get("ece_of_a_perfect_model") or 0.0) + ERROR_ALLOWED
    return Trust(
        Claim.OFF if off else Claim.HOLDS,
        n=n,
        error=error,
        near_n=int(near["n"]) if near else None,
        near_right=float(near["right"]) if near else None,
    )
