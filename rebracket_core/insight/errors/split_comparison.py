"""What a split by row would claim, beside the true one: one plain classifier that predicts the same rows twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rebracket_core.corpus import grouped_folds, row_folds
from rebracket_core.insight.errors.confusion_matrix import Cells, album_cells

N_FOLDS = 5
MOST_ROWS = 6000


@dataclass(frozen=True, slots=True)
class SplitComparison:
    """The album table of the split by song and that of the leaked split by row, over the same `n` of `of` rows.

    `right_by_song` and `right_by_row` are the shares on the diagonal.
    """

    by_song: Cells
    by_row: Cells
    right_by_song: float
    right_by_row: float
    n: int
    of: int
    n_groups: int


def compare_splits(
    vectors: np.ndarray,
    album_idx: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> SplitComparison:
    """Both tables for (n, d) vectors of rows as they stand in the data, repeats included.

    The classifier is scikit-learn's multinomial logistic regression. Above 6,000 rows whole groups are left out at random.
    """
    at = _sample(album_idx, groups, seed=seed)
    x, y, g = vectors[at], album_idx[at], np.asarray(groups, dtype=str)[at]
    folds = (grouped_folds(g, y, n_folds=N_FOLDS, seed=seed), row_folds(len(at), n_folds=N_FOLDS, seed=seed, confirm="leaked"))
    tops = []
    for k, fold in enumerate(folds):
        top = np.full(len(at), -1)
        for done, f in enumerate(np.unique(fold)):
            top[fold == f] = _predicted(x[fold != f], y[fold != f], queries=x[fold == f])
            if progress:
                progress(k * N_FOLDS + done + 1, 2 * N_FOLDS)
        tops.append(top)
    return SplitComparison(
        by_song=album_cells(y, tops[0], g, what="album, split by song", seed=seed),
        by_row=album_cells(y, tops[1], g, what="album, split by row", seed=seed),
        right_by_song=float((tops[0] == y).mean()),
        right_by_row=float((tops[1] == y).mean()),
        n=len(at),
        of=int((album_idx >= 0).sum()),
        n_groups=len(set(g.tolist())),
    )


def _predicted(x: np.ndarray, y: np.ndarray, *, queries: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    return np.asarray(LogisticRegression(C=10.0, max_iter=300).fit(x, y).predict(queries))


def _sample(album_idx: np.ndarray, groups: np.ndarray, *, seed: int) -> np.ndarray:
    has = np.flatnonzero(album_idx >= 0)
    if len(has) <= MOST_ROWS:
        return has
    names = np.asarray(groups, dtype=str)[has]
    order = np.random.default_rng(seed).permutation(np.unique(names))
    sizes = {name: int(count) for name, count in zip(*np.unique(names, return_counts=True), strict=True)}
    kept, total = set[str](), 0
    for name in order.tolist():
        if total + sizes[name] <= MOST_ROWS or not kept:
            kept.add(name)
            total += sizes[name]
    return has[np.isin(names, list(kept))]
