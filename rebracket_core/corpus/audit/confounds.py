"""Axes that cannot be told apart: labels that determine each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rebracket_core.corpus.soft_targets import Targets
from rebracket_core.rainbow import AXIS_NAMES, MODES


@dataclass(frozen=True, slots=True)
class AxisPair:
    """Two axes over the `n_rows` rows that have a single mode on both.

    `same_partition`: each mode of one goes with exactly one mode of the other, and the reverse (at least two modes
    seen). `nmi` is the mutual information over the mean of the two entropies, 0 to 1; `pairs` the mode pairs seen with
    their rows.
    """

    first: str
    second: str
    n_rows: int
    same_partition: bool
    nmi: float
    pairs: tuple[tuple[str, str, int], ...]


def axis_pairs(of: Targets) -> tuple[AxisPair, ...]:
    """Each pair of axes, compared over the rows with a single mode on both."""
    return tuple(_pair(of, i=i, j=j) for i, j in combinations(range(len(AXIS_NAMES)), 2))


def _pair(of: Targets, *, i: int, j: int) -> AxisPair:
    both = (of.axis_kind[:, i] == "single") & (of.axis_kind[:, j] == "single")
    counts = np.zeros((of.axis.shape[2], of.axis.shape[2]))
    np.add.at(counts, (of.axis[both, i].argmax(axis=1), of.axis[both, j].argmax(axis=1)), 1.0)
    first, second = AXIS_NAMES[i], AXIS_NAMES[j]
    seen = tuple((MODES[first][a], MODES[second][b], int(counts[a, b])) for a, b in np.argwhere(counts > 0))
    partners = np.concatenate([(counts > 0).sum(axis=0), (counts > 0).sum(axis=1)])
    same = len(seen) >= 2 and int(partners.max()) == 1
    return AxisPair(first, second, int(both.sum()), same, normalised_mutual_information(counts), seen)


def normalised_mutual_information(counts: np.ndarray) -> float:
    """The mutual information of a table of counts over the mean of its two entropies; 0 where either is constant."""
    total = counts.sum()
    if total == 0:
        return 0.0
    joint = counts / total
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    apart = _entropy(rows), _entropy(columns)
    if min(apart) <= 0:
        return 0.0
    return float(np.clip((sum(apart) - _entropy(joint.ravel())) / (sum(apart) / 2), 0.0, 1.0))


def _entropy(shares: np.ndarray) -> float:
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum())
