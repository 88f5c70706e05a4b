"""Shares with intervals that know songs: rows of one song stand or fall together, so whole songs are drawn again."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

REPLICATES = 2000


@dataclass(frozen=True, slots=True)
class MeanEstimate:
    """A mean over rows with its 95 % cluster-bootstrap interval, the rows and the groups it rests on."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    n_groups: int

    def to_dict(self) -> dict[str, float | int | None]:
        """The share as plain values."""
        return asdict(self)


def clustered_mean(values: np.ndarray, groups: np.ndarray, *, seed: int) -> MeanEstimate:
    """The mean of (n,) values with a percentile interval over groups drawn with replacement, 2,000 times.

    Sums per group make each replicate one row of a matrix product. None where there is no row; no interval below two groups.
    """
    n = len(values)
    if n == 0:
        return MeanEstimate(None, None, None, 0, 0)
    _, inverse = np.unique(groups.astype(str), return_inverse=True)
    n_groups = int(inverse.max()) + 1
    sums = np.bincount(inverse, weights=values.astype(np.float64), minlength=n_groups)
    counts = np.bincount(inverse, minlength=n_groups).astype(np.float64)
    value = float(sums.sum() / counts.sum())
    if n_groups < 2:
        return MeanEstimate(value, None, None, n, n_groups)
    draws = np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=REPLICATES)
    means = (draws @ sums) / (draws @ counts)
    low, high = np.quantile(means, (0.025, 0.975))
    return MeanEstimate(value, float(low), float(high), n, n_groups)


def calibration_error(p: np.ndarray, right: np.ndarray, *, n_bins: int = 10) -> float:
    """Expected calibration error over equal-mass bins: Σ share · |mean probability − share right| (Naeini et al. 2015)."""
    return float(sum(len(b) * abs(p[b].mean() - right[b].mean()) for b in equal_mass_bins(p, n_bins)) / len(p))


def equal_mass_bins(p: np.ndarray, n_bins: int) -> list[np.ndarray]:
    """(k,) row indices of each of about equal parts in order of p (n,); equal probabilities never stand in two parts."""
    edges = np.unique(np.quantile(p, np.linspace(0.0, 1.0, n_bins + 1)[1:-1])) if len(p) else np.zeros(0)
    of = np.searchsorted(edges, p, side="right")
    return [np.flatnonzero(of == k) for k in np.unique(of)]


def perfect_calibration_error(p: np.ndarray, *, seed: int, n_bins: int = 10, replicates: int = 200) -> float:
    """The calibration error that a perfect model with these probabilities would show at this n, on average."""
    rng = np.random.default_rng(seed)
    return float(np.mean([calibration_error(p, rng.random(len(p)) < p, n_bins=n_bins) for _ in range(replicates)]))


def reliability(p: np.ndarray, right: np.ndarray, *, n_bins: int = 10) -> list[dict[str, float | int]]:
    """Equal-mass bins for a reliability curve: mean probability, share right and count of each."""
    bins = equal_mass_bins(p, n_bins)
    return [{"probability": float(p[b].mean()), "right": float(right[b].mean()), "n": len(b)} for b in bins]
