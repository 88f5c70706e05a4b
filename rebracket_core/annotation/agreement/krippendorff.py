"""How far people agree beyond chance: Krippendorff's alpha on hard labels, on distributions and on sets, with intervals.

α = 1 − observed / expected disagreement (Krippendorff 2004, §11). Where it has no value, the result says why.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebracket_core.annotation.agreement.disagreement import Distance, pairs
from rebracket_core.annotation.agreement.rating_arrays import Ratings

FEWEST_ITEMS = 20
REPLICATES = 1000
_CHUNK = 250
_MOST_UNDEFINED = 0.05


@dataclass(frozen=True, slots=True)
class Agreement:
    """One coefficient with its 95 % item-bootstrap interval and what it rests on.

    `observed` and `expected` are disagreements, from 0 (all alike), for alpha, and agreements for the kappas. `value` is None
    where `why` says that there is none; `low` and `high` are None where it has no interval. Items with one answer don't count.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    observed: float | None
    expected: float | None
    n_items: int
    n_labels: int
    n_annotators: int
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The coefficient as plain values."""
        return asdict(self)


def alpha(
    ratings: Ratings, distance: Distance, *, seed: int, fewest: int = FEWEST_ITEMS, replicates: int = REPLICATES
) -> Agreement:
    """Krippendorff's alpha of the ratings with this distance.

    Items are drawn again with replacement for the interval (percentiles); draws without a value (all answers alike) are
    left out, and there is no interval where they are more than one in twenty. No value below `fewest` items with two answers.
    """
    name = f"alpha, {distance.value}"
    usable = ratings.pairable()
    n_items, n_labels = len(usable.items), len(usable)
    basis: dict[str, Any] = {"n_items": n_items, "n_labels": n_labels, "n_annotators": len(usable.annotators)}
    reason = why_none(ratings, usable, fewest=fewest)
    if reason:
        return Agreement(name, None, None, None, None, None, **basis, why=reason)
    found, sizes = pairs(usable, distance), usable.sizes.astype(np.float64)
    observed, expected = _parts(np.ones((1, n_items)), found.within, found.between(np.ones((1, n_items))), sizes)
    if expected[0] == 0.0:
        same = "all labels are the same: there is no disagreement to expect, so agreement beyond it has no value"
        return Agreement(name, None, None, None, float(observed[0]), 0.0, **basis, why=same)
    rng, values = np.random.default_rng(seed), []
    for start in range(0, replicates, _CHUNK):
        draws = rng.multinomial(n_items, np.full(n_items, 1.0 / n_items), size=min(_CHUNK, replicates - start))
        draws = draws.astype(np.float64)
        above, below = _parts(draws, found.within, found.between(draws), sizes)
        with np.errstate(invalid="ignore", divide="ignore"):
            values.append(np.where(below > 0, 1.0 - above / below, np.nan))
    low, high = interval(np.concatenate(values) if values else np.zeros(0))
    value = float(1.0 - observed[0] / expected[0])
    return Agreement(name, value, low, high, float(observed[0]), float(expected[0]), **basis)


def why_none(ratings: Ratings, usable: Ratings, *, fewest: int) -> str:
    """Why a coefficient of these ratings has no value, before anything is computed; "" where it may have one."""
    n_items = len(usable.items)
    if not len(ratings):
        return "there are no labels"
    if n_items == 0:
        return "no item has two labels"
    if len(usable.annotators) < 2:
        return "all labels are from one person"
    if n_items < fewest:
        word = "item has" if n_items == 1 else "items have"
        return f"not enough yet: {n_items} {word} two labels, {fewest} are needed"
    return ""


def interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """The 2.5th and 97.5th percentile of resampled values; none where more than one in twenty has no value."""
    known = values[np.isfinite(values)]
    if not len(known) or len(known) < (1.0 - _MOST_UNDEFINED) * len(values):
        return None, None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


def _parts(draws: np.ndarray, within: np.ndarray, between: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b,) observed and expected disagreement of (b, items) draws."""
    total = draws @ sizes
    return draws @ within / total, between / (total * (total - 1.0))
