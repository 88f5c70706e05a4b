"""What a split by row would fake, measured before anyone trains."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import lgamma

import numpy as np
import pandas as pd

from rebracket_core.corpus.splits import LEAKED, grouped_folds, row_folds
from rebracket_core.errors import DataError

N_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Leakage:
    """What a split by row with `n_folds` folds gives away.

    `text_twins`/`group_twins`: the expected share of validation rows that have a row of the same text / the same group
    in training. `lookup_row`/`lookup_group`: accuracy of a table that remembers each training text's album (and answers
    the commonest album otherwise) under the leaked split and under the split by group; `majority` that of the commonest
    album. None where there are too few labelled groups.
    """

    n_folds: int
    text_twins: float
    group_twins: float
    lookup_row: float | None
    lookup_group: float | None
    majority: float | None


def expected_twin_share(clusters: np.ndarray, *, n_held: int) -> float:
    """The expected share of `n_held` random validation rows that have a row of their cluster in training.

    `clusters` (n,) of any kind. In closed form: of a row with m - 1 twins, all are in the validation set too with
    probability C(n-m, v-m) / C(n-1, v-1).
    """
    sizes = np.unique(clusters, return_counts=True)[1]
    n = int(sizes.sum())
    if not 0 < n_held < n:
        return 0.0
    alone = 0.0
    for size, times in Counter(sizes.tolist()).items():
        if size <= n_held:
            log_p = _log_choose(n - size, n_held - size) - _log_choose(n - 1, n_held - 1)
            alone += size * times * float(np.exp(log_p))
    return float(min(1.0, max(0.0, 1.0 - alone / n)))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def lookup_accuracy(texts: list[str], labels: np.ndarray, *, folds: np.ndarray) -> float:
    """The accuracy over all folds of a table text → commonest label in training, else the commonest label of all.

    `labels` (n,) int, `folds` (n,) int. Ties go to the smaller label.
    """
    right = 0
    for fold in np.unique(folds).tolist():
        by_text: dict[str, Counter[int]] = defaultdict(Counter)
        overall: Counter[int] = Counter()
        for at in np.flatnonzero(folds != fold).tolist():
            by_text[texts[at]][int(labels[at])] += 1
            overall[int(labels[at])] += 1
        common = _commonest(overall)
        for at in np.flatnonzero(folds == fold).tolist():
            known = by_text.get(texts[at])
            right += (_commonest(known) if known else common) == int(labels[at])
    return right / len(texts)


def _commonest(counts: Counter[int]) -> int:
    return min(counts, key=lambda label: (-counts[label], label))


def measure_leakage(
    frame: pd.DataFrame,
    *,
    texts: list[str],
    groups: np.ndarray,
    labels: np.ndarray,
    seed: int = 0,
    step: Callable[[int, int], None] | None = None,
) -> Leakage:
    """The leakage of a split by row; `texts` are normalised, `groups` leak-safe, `labels` albums (-1 = none)."""
    n_held = len(frame) // N_FOLDS
    has = labels >= 0
    held_texts = [text for text, keep in zip(texts, has.tolist(), strict=True) if keep]
    of = labels[has]
    majority = float(np.bincount(of).max() / len(of)) if len(of) else None
    by_row = by_group = None
    if len(of) >= N_FOLDS:
        by_row = lookup_accuracy(held_texts, of, folds=row_folds(len(of), n_folds=N_FOLDS, seed=seed, confirm=LEAKED))
        try:
            folds = grouped_folds(groups[has], of, n_folds=N_FOLDS, seed=seed)
            by_group = lookup_accuracy(held_texts, of, folds=folds)
        except DataError:
            by_group = None
    if step:
        step(1, 1)
    return Leakage(
        n_folds=N_FOLDS,
        text_twins=expected_twin_share(np.array(texts, dtype=object).astype(str), n_held=n_held),
        group_twins=expected_twin_share(frame["group_id"].to_numpy(dtype=str), n_held=n_held),
        lookup_row=by_row,
        lookup_group=by_group,
        majority=majority,
    )
