"""Re-annotation of a label-error candidate: whether people's answers lie nearer to the label or to the prediction."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np

from rebracket_core.insight.errors.ranking import LabelErrorCandidate
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, N_MODES, album_vertices

_CLEAR = 1e-6


class Side(StrEnum):
    """Whose answer people's answers are nearer to."""

    LABEL = "the label"
    MODEL = "the model"
    NEITHER = "neither"


def side_of(candidate: LabelErrorCandidate, axes: Mapping[str, tuple[float, ...] | None]) -> Side:
    """Whose side people take: `axes` are the shares that they gave to each axis' modes, None where nobody could tell.

    On an axis the share of both modes is compared. For an album (people are asked for modes, not for albums) it is the affinity
    of both, over the axes that people answered: the product of (Σ sqrt(p·t))², t the album's modes. Black and White, which have
    none, cannot be told apart.
    """
    label, model = _support(candidate, axes)
    if abs(label - model) <= _CLEAR:
        return Side.NEITHER
    return Side.LABEL if label > model else Side.MODEL


def _support(candidate: LabelErrorCandidate, axes: Mapping[str, tuple[float, ...] | None]) -> tuple[float, float]:
    if candidate.question != "album":
        shares, names = axes.get(candidate.question) or (0.0,) * N_MODES, MODES[candidate.question]
        return shares[names.index(candidate.label)], shares[names.index(candidate.suggested)]
    both = album_vertices()[[ALBUM_NAMES.index(candidate.label), ALBUM_NAMES.index(candidate.suggested)]]
    support = np.ones(2)
    for j, axis in enumerate(AXIS_NAMES):
        if shares_of_axis := axes.get(axis):
            support *= np.sqrt(np.asarray(shares_of_axis) * both[:, j]).sum(axis=1) ** 2
    return float(support[0]), float(support[1])
