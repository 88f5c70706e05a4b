"""Cohen's kappa of two people, Fleiss' kappa and Gwet's AC1 of many, on hard labels, with item-bootstrap intervals.

The kappas come from statsmodels; the one library with AC1 asks for a scipy that nothing else here runs with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rebracket_core.annotation.agreement.krippendorff import FEWEST_ITEMS, REPLICATES, Agreement, interval, why_none
from rebracket_core.annotation.agreement.rating_arrays import Ratings

_Parts = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
_SAME = "all labels are the same: there is no disagreement to expect, so agreement beyond it has no value"


def cohen(
    ratings: Ratings, pair: tuple[str, str], *, seed: int, fewest: int = FEWEST_ITEMS, replicates: int = REPLICATES
) -> Agreement:
    """Cohen's kappa (1960) of two annotators by name, over the items that both gave a hard label."""
    first, second = pair
    name = f"Cohen's kappa, {first} and {second}"
    both = ratings.hard()
    both = both.only(np.isin(np.array(both.annotators)[both.annotator], (first, second))).pairable() if len(both) else both
    basis: dict[str, Any] = {"n_items": len(both.items), "n_labels": len(both), "n_annotators": len(both.annotators)}
    reason = why_none(ratings, both, fewest=fewest)
    if reason:
        reason = reason.replace("no item has", "no item of theirs has")
        return Agreement(name, None, None, None, None, None, **basis, why=reason)
    k, mine = len(ratings.categories), both.annotator == both.annotators.index(first)
    cells = np.zeros((len(both.items), k * k))
    cells[np.arange(len(cells)), both.chosen[mine] * k + both.chosen[~mine]] = 1.0
    return _with_interval(name, cells, _cohen_parts, basis=basis, seed=seed, replicates=replicates)


def fleiss(ratings: Ratings, *, seed: int, fewest: int = FEWEST_ITEMS, replicates: int = REPLICATES) -> Agreement:
    """Fleiss' kappa (1971) of hard labels, over the items with the commonest number of labels, for it needs an equal number."""
    name = "Fleiss' kappa"
    hard = ratings.hard()
    counts = hard.sizes[hard.sizes > 1]
    if len(counts):
        of = np.bincount(counts)
        hard = hard.only(hard.sizes[hard.item] == int(np.flatnonzero(of == of.max())[-1]))
    usable = hard.pairable()
    basis: dict[str, Any] = {"n_items": len(usable.items), "n_labels": len(usable), "n_annotators": len(usable.annotators)}
    reason = why_none(ratings, usable, fewest=fewest)
    if reason:
        return Agreement(name, None, None, None, None, None, **basis, why=reason)
    cells = np.zeros((len(usable.items), len(ratings.categories)))
    np.add.at(cells, (usable.item, usable.chosen), 1.0)
    return _with_interval(name, cells, _fleiss_parts, basis=basis, seed=seed, replicates=replicates)


def gwet(ratings: Ratings, *, seed: int, fewest: int = FEWEST_ITEMS, replicates: int = REPLICATES) -> Agreement:
    """Gwet's AC1 (2008) of hard labels, items with any number of them (Gwet 2014).

    Where nearly all labels are of one mode, kappa is near 0 although people hardly ever differ, and AC1 is not.
    """
    name = "Gwet's AC1"
    hard = ratings.hard()
    usable = hard.pairable()
    basis: dict[str, Any] = {"n_items": len(usable.items), "n_labels": len(usable), "n_annotators": len(usable.annotators)}
    reason = why_none(ratings, usable, fewest=fewest)
    if reason:
        return Agreement(name, None, None, None, None, None, **basis, why=reason)
    cells = np.zeros((len(hard.items), len(ratings.categories)))
    np.add.at(cells, (hard.item, hard.chosen), 1.0)
    return _with_interval(name, cells, _gwet_parts, basis=basis, seed=seed, replicates=replicates)


def _with_interval(
    name: str, cells: np.ndarray, parts: _Parts, *, basis: dict[str, Any], seed: int, replicates: int
) -> Agreement:
    observed, expected = parts(np.ones((1, len(cells))), cells)
    if expected[0] >= 1.0 - 1e-12:
        return Agreement(name, None, None, None, float(observed[0]), 1.0, **basis, why=_SAME)
    draws = np.random.default_rng(seed).multinomial(len(cells), np.full(len(cells), 1.0 / len(cells)), size=replicates)
    above, below = parts(draws.astype(np.float64), cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = interval(np.where(below < 1.0 - 1e-12, (above - below) / (1.0 - below), np.nan))
    value = float((observed[0] - expected[0]) / (1.0 - expected[0])) if parts is _gwet_parts else _from_library(cells, parts)
    return Agreement(name, value, low, high, float(observed[0]), float(expected[0]), **basis)


def _from_library(cells: np.ndarray, parts: _Parts) -> float:
    from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

    if parts is _fleiss_parts:
        return float(fleiss_kappa(cells, method="fleiss"))
    k = round(cells.shape[1] ** 0.5)
    return float(cohens_kappa(cells.sum(axis=0).reshape(k, k), return_results=False))


def _cohen_parts(draws: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b,) observed and expected agreement of (b, items) draws; `cells` is (items, k²), a one in the cell of both answers."""
    k = round(cells.shape[1] ** 0.5)
    table = (draws @ cells).reshape(-1, k, k)
    total = table.sum(axis=(1, 2))
    observed = np.trace(table, axis1=1, axis2=2) / total
    return observed, (table.sum(axis=2) * table.sum(axis=1)).sum(axis=1) / total**2


def _fleiss_parts(draws: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b,) observed and expected agreement of (b, items) draws; `cells` is (items, k), how many chose each category."""
    raters = cells[0].sum()
    agreed = ((cells**2).sum(axis=1) - raters) / (raters * (raters - 1.0))
    total = draws.sum(axis=1)
    shares = draws @ cells / (total * raters)[:, None]
    return draws @ agreed / total, (shares**2).sum(axis=1)


def _gwet_parts(draws: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b,) observed and expected agreement of (b, items) draws; `cells` is (items, k), how many chose each category.

    Items with one label count for how common the categories are, and not for what is observed.
    """
    raters = cells.sum(axis=1)
    paired = raters > 1
    agreed = ((cells**2).sum(axis=1) - raters)[paired] / (raters * (raters - 1.0))[paired]
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = draws[:, paired] @ agreed / draws[:, paired].sum(axis=1)
    shares = draws @ (cells / raters[:, None]) / draws.sum(axis=1)[:, None]
    return observed, (shares * (1.0 - shares)).sum(axis=1) / (cells.shape[1] - 1)
