"""The album that the axes alone point to, and the report on the album classifier's answer (DOMAIN 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rebracket_core.errors import InputError
from rebracket_core.models import axis_affinity
from rebracket_core.rainbow import ALBUM_NAMES, album_named
from rebracket_core.settings import Thresholds
from rebracket_core.validation.states import EPSILON


@dataclass(frozen=True, slots=True)
class AlbumReport:
    """The first album and what stands near it.

    `probabilities` are in the table's order; `ties` are the other albums within the tie threshold of the first, most
    probable first; `uncertain` where the first is below its threshold; `axes_album` is what the axes alone answer.
    """

    album: str
    probability: float
    probabilities: tuple[float, ...]
    ties: tuple[str, ...]
    uncertain: bool
    axes_album: str


@lru_cache(maxsize=81)
def same_target(one: str, other: str) -> bool:
    """Whether two albums have the same modes on every axis: an album with itself, and Black with White."""
    return album_named(one).modes == album_named(other).modes


@lru_cache(maxsize=1)
def _shadowed() -> tuple[int, ...]:
    """Positions of the albums that share their target with an earlier album of the table: White, which has Black's."""
    return tuple(i for i, name in enumerate(ALBUM_NAMES) if any(same_target(name, earlier) for earlier in ALBUM_NAMES[:i]))


def axes_affinity(axis_scores: np.ndarray) -> np.ndarray:
    """The affinity of each text to each album by its axes alone: (n, 9) float64, rows sum to 1.

    `axis_scores` is (n, 3 axes, 3 modes) of shares. Affinity = product over the axes of (sum_k sqrt(p_k t_k))^2, t the
    unsmoothed target, normalised over the albums (DOMAIN 3). White has Black's target and gets 0, so the axes never
    answer White. Raises InputError for another shape or for a row with no share at all.
    """
    scores = np.asarray(axis_scores, dtype=np.float64)
    if scores.ndim != 3 or scores.shape[1:] != (3, 3):
        raise InputError(
            "The axis scores have the wrong shape.",
            expected="(n, 3, 3): texts, axes, modes",
            found=str(scores.shape),
            hint="stack the three axes of each text",
        )
    raw = axis_affinity(np.maximum(scores, 0.0))
    raw[:, list(_shadowed())] = 0.0
    total = raw.sum(axis=1, keepdims=True)
    if not (total > 0.0).all():
        raise InputError(
            "A text has no axis scores.",
            expected="three shares on each axis",
            found="only zeros or no numbers",
            hint="pass the softmax scores of the axis heads",
            where=f"row {int(np.argmin(total[:, 0] > 0.0))}",
        )
    return raw / total


def album_report(probabilities: Sequence[float], axes: Sequence[float], *, thresholds: Thresholds) -> AlbumReport:
    """The report on one text. `probabilities` (9,) from the album head and `axes` (9,) from `axes_affinity`.

    Where two albums are equal, the first of the table comes first. Raises InputError for another number of albums.
    """
    values = tuple(float(p) for p in probabilities)
    if len(values) != len(ALBUM_NAMES) or len(axes) != len(ALBUM_NAMES):
        raise InputError(
            "The album probabilities have the wrong length.",
            expected=f"{len(ALBUM_NAMES)} numbers, one an album",
            found=f"{len(values)} and {len(axes)}",
            hint="pass them in the order of the Rainbow Table",
        )
    order = sorted(range(len(values)), key=lambda i: (-values[i], i))
    first = order[0]
    top = values[first]
    near = top - thresholds.tie - EPSILON
    axes_first = max(range(len(axes)), key=lambda i: (axes[i], -i))
    return AlbumReport(
        album=ALBUM_NAMES[first],
        probability=top,
        probabilities=values,
        ties=tuple(ALBUM_NAMES[i] for i in order[1:] if values[i] >= near),
        uncertain=top < thresholds.uncertain_album - EPSILON,
        axes_album=ALBUM_NAMES[axes_first],
    )
