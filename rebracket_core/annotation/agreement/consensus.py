"""What people say of each item, all ratings together, by methods that weigh people differently, side by side.

The mean of the ratings needs no library. Dawid-Skene (1979) and MACE (Hovy et al. 2013) come from crowd-kit, CROWDLAB (Goh
et al. 2022) from cleanlab; they take hard labels alone. A soft vote is therefore drawn from: each of K tables gives every
vote one category, by its shares; each method is fitted on every table, and the answers are averaged. How far the tables
differ is reported. A soft vote's first mode is never taken for the whole vote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from rebracket_core.annotation.agreement.krippendorff import FEWEST_ITEMS
from rebracket_core.annotation.agreement.rating_arrays import WHOLE, Ratings
from rebracket_core.errors import MissingExtraError

TABLES = 20
MEAN, DAWID_SKENE, MACE, CROWDLAB = "mean of the ratings", "Dawid-Skene", "MACE", "CROWDLAB (cleanlab)"
_EXTRA = "labels"
_RESTARTS = 4
WEIGHING = (DAWID_SKENE, MACE, CROWDLAB)


@dataclass(frozen=True, slots=True)
class Method:
    """One method's answer: `posterior` is (items, k) in the ratings' order, `spread` (items,) how far the tables differ.

    The spread is the mean total variation of a table's answer to the average. `quality` gives each annotator a figure from
    0 to 1 of the method's own kind, `quality_spread` its standard deviation over the tables; `confusion` is Dawid-Skene's
    chance of each answer (column) by the true category (row). `why` says why there is nothing.
    """

    name: str
    posterior: np.ndarray | None = None
    spread: np.ndarray | None = None
    quality: dict[str, float] | None = None
    quality_spread: dict[str, float] | None = None
    confusion: dict[str, np.ndarray] | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Aggregation:
    """All methods on one question, and how often two of them put the same category first."""

    methods: tuple[Method, ...]
    items: tuple[str, ...]
    n_tables: int
    same_first: dict[tuple[str, str], float]

    def of(self, name: str) -> Method:
        """One method by its name."""
        return next(m for m in self.methods if m.name == name)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values, without the answers for single items."""
        return {
            "n_items": len(self.items),
            "n_tables": self.n_tables,
            "same_first": [{"first": a, "second": b, "share": share} for (a, b), share in self.same_first.items()],
            "methods": [
                {
                    "name": m.name,
                    "why": m.why,
                    "quality": m.quality,
                    "quality_spread": m.quality_spread,
                    "mean_spread": None if m.spread is None else float(m.spread.mean()),
                    "confusion": None if m.confusion is None else {who: c.tolist() for who, c in m.confusion.items()},
                }
                for m in self.methods
            ],
        }


def hard_tables(ratings: Ratings, *, seed: int, tables: int = TABLES) -> np.ndarray:
    """(tables, n) drawn categories of each vote by its shares; one table alone where every vote is hard."""
    if bool(ratings.is_hard.all()):
        return ratings.chosen[None, :]
    edges = np.cumsum(ratings.shares, axis=1)
    rolls = np.random.default_rng(seed).integers(0, WHOLE, size=(tables, len(ratings)))
    return np.asarray((rolls[:, :, None] >= edges[None, :, :]).sum(axis=2))


def aggregate(
    ratings: Ratings,
    *,
    seed: int,
    tables: int = TABLES,
    fewest: int = FEWEST_ITEMS,
    model: np.ndarray | None = None,
    methods: Sequence[str] = WEIGHING,
    progress: Callable[[int, int], None] | None = None,
) -> Aggregation:
    """The mean of the ratings and the named methods, all on the same hard tables.

    `model` is (items, k), a model's out-of-fold probabilities: CROWDLAB weighs people against them, and stays out without.
    Raises MissingExtraError where the extra `labels` is not installed. Below `fewest` items with two ratings, or with one
    person, the methods that weigh people say why not.
    """
    _need_extra()
    drawn = hard_tables(ratings, seed=seed, tables=tables)
    found, why = [_mean_of(ratings)], _why_not(ratings, fewest=fewest)
    fits: dict[str, Callable[..., _Fit]] = {DAWID_SKENE: _dawid_skene, MACE: _mace, CROWDLAB: _crowdlab}
    for k, name in enumerate(methods):
        missing = "it needs a model's probabilities for these items" if name == CROWDLAB and model is None else ""
        if why or missing:
            found.append(Method(name, why=why or missing))
            continue
        parts = []
        for j, table in enumerate(drawn):
            if progress:
                progress(k * len(drawn) + j, len(methods) * len(drawn))
            parts.append(fits[name](ratings, table, seed=seed + j, alone=len(drawn) == 1, model=model))
        found.append(_averaged(name, ratings, parts))
    return Aggregation(tuple(found), ratings.items, len(drawn), _same_first(found))


@dataclass(frozen=True, slots=True)
class _Fit:
    posterior: np.ndarray
    quality: np.ndarray
    confusion: np.ndarray | None = None


def _need_extra() -> None:
    from importlib.util import find_spec

    if find_spec("crowdkit") is None or find_spec("cleanlab") is None:
        raise MissingExtraError(_EXTRA, what="Weighing people by Dawid-Skene, MACE and CROWDLAB")


def _why_not(ratings: Ratings, *, fewest: int) -> str:
    shared = int((ratings.sizes > 1).sum()) if len(ratings) else 0
    if len(ratings.annotators) < 2:
        return "all labels are from one person" if len(ratings) else "there are no labels"
    return f"not enough yet: {shared} items have two labels, {fewest} are needed" if shared < fewest else ""


def _mean_of(ratings: Ratings) -> Method:
    if not len(ratings):
        return Method(MEAN, why="there are no labels")
    totals = np.zeros((len(ratings.items), len(ratings.categories)))
    np.add.at(totals, ratings.item, ratings.shares / WHOLE)
    return Method(MEAN, posterior=totals / ratings.sizes[:, None], spread=np.zeros(len(ratings.items)))


def _frame(ratings: Ratings, table: np.ndarray) -> Any:
    import pandas as pd

    return pd.DataFrame({"task": ratings.item, "worker": ratings.annotator, "label": table})


def _wide(probas: Any, ratings: Ratings) -> np.ndarray:
    """(items, k) of a frame by task and label; a category that was never drawn has 0."""
    frame = probas.reindex(index=range(len(ratings.items)), columns=range(len(ratings.categories)), fill_value=0.0)
    return np.asarray(frame.to_numpy(dtype=np.float64))


def _dawid_skene(ratings: Ratings, table: np.ndarray, *, alone: bool, **_: Any) -> _Fit:
    from crowdkit.aggregation.classification import DawidSkene

    fitted = DawidSkene(n_iter=100 if alone else 30).fit(_frame(ratings, table))
    found: Any = fitted.errors_
    k, n = len(ratings.categories), len(ratings.annotators)
    errors = np.zeros((n, k, k))  # annotator, true, given
    for (worker, given), row in found.iterrows():
        errors[int(worker), row.index.to_numpy(dtype=int), int(given)] = row.to_numpy(dtype=float)
    posterior = _wide(fitted.probas_, ratings)
    prior = posterior.mean(axis=0)
    return _Fit(posterior, np.einsum("k,wkk->w", prior, errors), errors)


def _mace(ratings: Ratings, table: np.ndarray, *, seed: int, alone: bool, **_: Any) -> _Fit:
    from crowdkit.aggregation.classification import MACE as Mace

    fitted = Mace(n_restarts=_RESTARTS if alone else 1, random_state=seed).fit(_frame(ratings, table))
    # crowd-kit numbers workers in the order in which they first appear.
    order = list(dict.fromkeys(ratings.annotator.tolist()))
    quality = np.zeros(len(ratings.annotators))
    quality[order] = fitted.spamming_[:, 1]
    return _Fit(_wide(fitted.probas_, ratings), quality)


def _crowdlab(ratings: Ratings, table: np.ndarray, *, model: np.ndarray, **_: Any) -> _Fit:
    from cleanlab.multiannotator import get_label_quality_multiannotator

    wide = np.full((len(ratings.items), len(ratings.annotators)), np.nan)
    wide[ratings.item, ratings.annotator] = table
    found = get_label_quality_multiannotator(wide, model, verbose=False, return_detailed_quality=False)
    consensus = found["label_quality"]["consensus_label"].to_numpy(dtype=int)
    quality = found["annotator_stats"]["annotator_quality"].sort_index().to_numpy(dtype=float)
    return _Fit(np.eye(len(ratings.categories))[consensus], quality)


def _averaged(name: str, ratings: Ratings, parts: list[_Fit]) -> Method:
    posteriors = np.stack([p.posterior for p in parts])
    mean = posteriors.mean(axis=0)
    quality = np.stack([p.quality for p in parts])
    confusions = [p.confusion for p in parts if p.confusion is not None]
    return Method(
        name,
        posterior=mean,
        spread=np.abs(posteriors - mean).sum(axis=2).mean(axis=0) / 2.0,
        quality=dict(zip(ratings.annotators, quality.mean(axis=0).tolist(), strict=True)),
        quality_spread=dict(zip(ratings.annotators, quality.std(axis=0).tolist(), strict=True)),
        confusion=dict(zip(ratings.annotators, np.mean(confusions, axis=0), strict=True)) if confusions else None,
    )


def _same_first(methods: list[Method]) -> dict[tuple[str, str], float]:
    """Over items whose first place neither method shares between two categories."""
    out = {}
    known = [(m.name, m.posterior) for m in methods if m.posterior is not None]
    for (one, first), (other, second) in combinations(known, 2):
        clear = np.ones(len(first), dtype=bool)
        for part in (first, second):
            top = np.sort(part, axis=1)
            clear &= top[:, -1] - top[:, -2] > 1e-9
        if clear.any():
            out[one, other] = float((first[clear].argmax(axis=1) == second[clear].argmax(axis=1)).mean())
    return out
